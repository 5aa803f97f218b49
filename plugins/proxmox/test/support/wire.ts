// SPDX-License-Identifier: GPL-3.0-or-later
/** A simulated cluster spoken to as root@pam through its whole front, with the vendor's schema looking on where it is at hand. */
import { watchSchema, type SchemaWatch } from '../../../../test/simulators/schema-watch.ts'
import type { ProxmoxSimulator } from '../../src/simulator/contract.ts'
import { openProxmoxSimulator } from '../../src/simulator/open.ts'
import { checkReturns, operationsOf } from '../../src/simulator/schema/index.ts'
import { ROOT_PASSWORD } from '../../src/simulator/seed.ts'
import type { PveVersion } from '../../src/simulator/world.ts'

/** Values of parameters; a list is sent as the same name several times. */
export type Fields = Readonly<Record<string, string | number | readonly string[]>>

/** An answer, read. */
export interface WireAnswer {
  readonly status: number
  readonly reason: string
  readonly data: unknown
  readonly errors: Readonly<Record<string, string>> | undefined
}

/** A cluster to speak to. */
export interface Wire {
  readonly simulator: ProxmoxSimulator
  readonly watch: SchemaWatch
  /** What answers had that our own tables do not allow, by operation. */
  readonly faults: ReadonlySet<string>
  ask(method: string, path: string, fields?: Fields): WireAnswer
  /** Asks for something that starts a task, lets its time pass, and gives how it ended. */
  run(method: string, path: string, fields?: Fields): string | undefined
  /** Lets time pass. Units: simulated seconds. */
  pass(seconds: number): void
}

/** Opens a small cluster and logs in. */
export function openWire(version: PveVersion, startMs = Date.UTC(2026, 5, 1, 12)): Wire {
  let nowMs = startMs
  const simulator = openProxmoxSimulator({
    version,
    nodes: 3,
    guests: 10,
    seed: 7,
    clock: () => nowMs,
    loginDelayMs: 0,
  })
  const faults = watchTables(simulator, version)
  const watch = watchSchema(simulator, version)
  const plain = (method: string, path: string, fields: Fields, headers: Fields): WireAnswer =>
    send(simulator, { method, path, fields, headers })
  const login = { username: 'root@pam', password: ROOT_PASSWORD }
  const session = plain('POST', '/access/ticket', login, {}).data as {
    ticket: string
    CSRFPreventionToken: string
  }
  const headers = {
    cookie: `PVEAuthCookie=${encodeURIComponent(session.ticket)}`,
    csrfpreventiontoken: session.CSRFPreventionToken,
  }
  const ask: Wire['ask'] = (method, path, fields = {}) => plain(method, path, fields, headers)
  const pass = (seconds: number): void => void (nowMs += seconds * 1000)
  const run: Wire['run'] = (method, path, fields) => {
    const answer = ask(method, path, fields)
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.reason}`)
    for (let times = 0; times < 600; times++) {
      const task = simulator.world.tasks.get(String(answer.data))
      if (task?.endedAtMs !== undefined) return task.exitStatus
      pass(10)
      ask('GET', '/version')
    }
    return undefined
  }
  return { simulator, watch, faults, ask, run, pass }
}

function watchTables(simulator: ProxmoxSimulator, version: PveVersion): Set<string> {
  const { all } = operationsOf(version)
  const faults = new Set<string>()
  simulator.observe(({ operation, status, data }) => {
    const known = all.get(operation)
    if (known === undefined || status !== 200) return
    for (const fault of checkReturns(known, data)) faults.add(`${operation}: ${fault}`)
  })
  return faults
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly fields: Fields
  readonly headers: Fields
}

function send(simulator: ProxmoxSimulator, { method, path, fields, headers }: Sent): WireAnswer {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  )
  const form = pairs.join('&')
  const hasBody = method === 'POST' || method === 'PUT'
  const body = new TextEncoder().encode(hasBody ? form : '')
  const answer = simulator.handle({
    method,
    target: `/api2/json${path}${hasBody || form === '' ? '' : `?${form}`}`,
    headers: {
      host: 'pve1:8006',
      ...(hasBody && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      }),
      ...(headers as Record<string, string>),
    },
    body,
  })
  if (!('status' in answer))
    return { status: 0, reason: answer.ends, data: null, errors: undefined }
  return { status: answer.status, reason: answer.reason, ...readBody(answer.body) }
}

function readBody(body: Uint8Array): Pick<WireAnswer, 'data' | 'errors'> {
  const text = new TextDecoder().decode(body)
  if (!text.startsWith('{')) return { data: null, errors: undefined }
  const { data, errors } = JSON.parse(text) as Pick<WireAnswer, 'data' | 'errors'>
  return { data, errors }
}
