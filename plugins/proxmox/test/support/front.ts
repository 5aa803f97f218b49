// SPDX-License-Identifier: GPL-3.0-or-later
/** A simulated cluster to which requests are written by hand, header by header. */
import type { ProxmoxSimulator } from '../../src/simulator/contract.ts'
import { grantToken } from '../../src/simulator/grant.ts'
import { openProxmoxSimulator } from '../../src/simulator/open.ts'
import type { SimulatorOptions } from '../../src/simulator/open.ts'
import { ROOT_PASSWORD } from '../../src/simulator/seed.ts'

/** A request by hand; a GET of `/version` by `root@pam` unless it says otherwise. */
export interface ByHand {
  readonly method?: string
  /** Below `/api2/json`. */
  readonly path?: string
  /** The whole of it, instead of a path. */
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whose login is added: the ticket of `root@pam` unless given, a header, or none. */
  readonly login?: 'root' | 'nobody' | { readonly token: string }
}

/** An answer that can be looked at. */
export interface Seen {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as JSON; empty when it is none. */
  readonly json: {
    readonly data?: unknown
    readonly message?: string
    readonly errors?: Readonly<Record<string, string>>
    readonly total?: number
    readonly success?: number
    readonly status?: number
  }
  readonly delayMs: number
  /** How the connection ended without an answer. */
  readonly ends: 'reset' | 'hang' | undefined
}

/** A cluster, its clock, and a way to ask. */
export interface FrontUnderTest {
  readonly simulator: ProxmoxSimulator
  pass(ms: number): void
  send(request?: ByHand): Seen
  /** POST or PUT of a form as `root@pam`, which must succeed. */
  change(method: 'POST' | 'PUT' | 'DELETE', path: string, form?: string): unknown
  /** A token with these privileges on `/`, as the value of `login`. */
  token(name: string, ...privileges: string[]): { readonly token: string }
}

const NOTHING = { status: 0, reason: '', headers: {}, text: '', json: {}, delayMs: 0 }

/** Opens a small cluster and logs `root@pam` in. */
export function openFront(options: Partial<SimulatorOptions> = {}): FrontUnderTest {
  let nowMs = Date.UTC(2026, 5, 1, 12)
  const simulator = openProxmoxSimulator({
    version: '9.2',
    nodes: 3,
    guests: 4,
    seed: 7,
    clock: () => nowMs,
    secondMs: 1000,
    ...options,
  })
  const root = logIn(simulator)
  const send: FrontUnderTest['send'] = (request = {}) => ask(simulator, request, root)
  return {
    simulator,
    send,
    pass: (ms) => void (nowMs += ms),
    change: (method, path, form = '') => {
      const isInQuery = method === 'DELETE'
      const target = isInQuery && form !== '' ? `${path}?${form}` : path
      const seen = send({ method, path: target, ...(isInQuery ? {} : { body: form }) })
      if (seen.status !== 200) throw new Error(`${method} ${path}: ${seen.reason} ${seen.text}`)
      return seen.json.data
    },
    token: (name, ...privileges) => {
      const token = `${name}@pve!t`
      return { token: `${token}=${grantToken(simulator.world, { token, privileges })}` }
    },
  }
}

/** What a login gives, as headers. */
export function logIn(
  simulator: ProxmoxSimulator,
  username = 'root@pam',
  password = ROOT_PASSWORD,
): Record<string, string> {
  const body = `username=${encodeURIComponent(username)}&password=${encodeURIComponent(password)}`
  const seen = ask(simulator, { method: 'POST', path: '/access/ticket', body, login: 'nobody' }, {})
  const { ticket = '', CSRFPreventionToken: csrf = '' } = (seen.json.data ?? {}) as Record<
    string,
    string
  >
  return { cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`, csrfpreventiontoken: csrf }
}

function ask(simulator: ProxmoxSimulator, request: ByHand, root: Record<string, string>): Seen {
  const { method = 'GET', path = '/version', target, body = '', login = 'root' } = request
  const bytes = new TextEncoder().encode(body)
  const answer = simulator.handle({
    method,
    target: target ?? `/api2/json${path}`,
    headers: {
      ...(login === 'root' ? root : {}),
      ...(typeof login === 'object' ? { authorization: `PVEAPIToken=${login.token}` } : {}),
      ...(bytes.length > 0 ? { 'content-length': String(bytes.length) } : {}),
      ...request.headers,
    },
    body: bytes,
  })
  if ('ends' in answer) return { ...NOTHING, ends: answer.ends }
  const text = new TextDecoder().decode(answer.body)
  const json = text.startsWith('{') ? (JSON.parse(text) as Seen['json']) : {}
  const { status, reason, headers, delayMs } = answer
  return { status, reason, headers, text, json, delayMs, ends: undefined }
}
