// SPDX-License-Identifier: GPL-3.0-or-later
/** A simulated cluster behind a fake handle: `runJob` puts it under the permission of the job, as an agent would. */
import type { FieldValue } from '@sallyport/sdk'
import { fakeEndpoint } from '@sallyport/sdk/testing'
import type { Fake, FakeEndpointAnswer, FakeEndpointRequest } from '@sallyport/sdk/testing'
import type { LedgerEntry, ProxmoxSimulator, SimAnswer } from '../../src/simulator/contract.ts'
import { openProxmoxSimulator } from '../../src/simulator/open.ts'
import type { SimulatorOptions } from '../../src/simulator/open.ts'
import { watchSchema } from '../../../../test/simulators/schema-watch.ts'
import type { SchemaWatch } from '../../../../test/simulators/schema-watch.ts'
import type { SimGuest, World } from '../../src/simulator/world.ts'

/** What is simulated, and what the token of the handle may do there. */
export interface SimulatedOptions extends Partial<SimulatorOptions> {
  /** Roles by path; everything unless given. */
  readonly rights?: Readonly<Record<string, string>>
  /** Privileges of roles of their own. */
  readonly roles?: Readonly<Record<string, readonly string[]>>
}

/** A simulated cluster and the handle that leads to it. */
export interface Simulated {
  readonly simulator: ProxmoxSimulator
  readonly world: World
  readonly pve: Fake<'endpoint'>
  /** What came up when every exchange was held against the vendor's schema. */
  readonly schema: SchemaWatch
  guest(vmid: number): SimGuest
  /** Everything that was asked for and done that is no look. */
  effects(): LedgerEntry[]
}

const USER = 'sallyport@pve'
const TOKEN = 'pve1'
const SECRET = '7d0c1c6e-2f3b-4a7e-9a55-0f5b7f7f7a01'
const MAX_SEGMENTS = 12

/** Opens a small cluster in which a second of a task takes a few milliseconds. */
export function openSimulated(options: SimulatedOptions = {}): Simulated {
  const { rights = { '/': 'Administrator' }, roles = {}, ...plan } = options
  const simulator = openProxmoxSimulator({
    version: '9.2',
    nodes: 3,
    guests: 12,
    seed: 7,
    secondMs: 2,
    loginDelayMs: 0,
    ...plan,
  })
  const { world } = simulator
  for (const [role, privileges] of Object.entries(roles)) {
    world.access.roles.set(role, { privileges: new Set(privileges), isBuiltIn: false })
  }
  addToken(world, rights)
  return {
    simulator,
    world,
    pve: handleOf(simulator),
    schema: watchSchema(simulator, world.version),
    guest: (vmid) => world.guests.get(vmid)!,
    effects: () => simulator.ledger.filter(({ hasEffect }) => hasEffect),
  }
}

function addToken({ access }: World, rights: Readonly<Record<string, string>>): void {
  const token = { id: TOKEN, secret: SECRET, isSeparated: true, expiresAtMs: 0, comment: '' }
  const tokens = new Map([[TOKEN, token]])
  access.users.set(USER, {
    id: USER,
    password: undefined,
    isEnabled: true,
    comment: '',
    email: '',
    tokens,
  })
  for (const [path, role] of Object.entries(rights)) {
    access.acl.push({ path, kind: 'user', who: USER, role, propagates: true })
    access.acl.push({ path, kind: 'token', who: `${USER}!${TOKEN}`, role, propagates: true })
  }
}

/** Every path leads to the simulator, which knows what there is. */
function handleOf(simulator: ProxmoxSimulator): Fake<'endpoint'> {
  const handlers = ['GET', 'POST', 'PUT', 'DELETE'].flatMap((method) =>
    Array.from({ length: MAX_SEGMENTS }, (_, count) => {
      const names = Array.from({ length: count + 1 }, (_, at) => `/{part${at}:text}`)
      const answer = (request: FakeEndpointRequest) => ask(simulator, request)
      return [`${method} ${names.join('')}`, answer] as const
    }),
  )
  return fakeEndpoint(Object.fromEntries(handlers))
}

function ask(simulator: ProxmoxSimulator, request: FakeEndpointRequest): FakeEndpointAnswer {
  const { method, path, query = {}, form } = request
  const body = form === undefined ? undefined : new TextEncoder().encode(written(form))
  const answer = simulator.handle({
    method,
    target: `/api2/json${path}${Object.keys(query).length === 0 ? '' : `?${written(query)}`}`,
    headers: {
      host: 'pve1:8006',
      authorization: `PVEAPIToken=${USER}!${TOKEN}=${SECRET}`,
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      }),
    },
    body: body ?? new Uint8Array(),
  })
  return answerOf(answer)
}

function answerOf(answer: SimAnswer): FakeEndpointAnswer {
  if ('status' in answer) {
    return { status: answer.status, headers: answer.headers, bytes: answer.body }
  }
  return { code: answer.ends === 'hang' ? 'ERR_LIMIT' : 'ERR_ENDPOINT_UNREACHABLE' }
}

function written(fields: Readonly<Record<string, FieldValue | readonly FieldValue[]>>): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      [value]
        .flat()
        .map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each))}`),
    )
    .join('&')
}
