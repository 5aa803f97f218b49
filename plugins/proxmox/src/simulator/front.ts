// SPDX-License-Identifier: GPL-3.0-or-later
/** The way of a request through the simulator, in the order of pveproxy: login, route, rights, node, parameters, behaviour. */
import { isOfProxy, later, plain, writeOutcome } from './answer.ts'
import type { End, Outcome } from './answer.ts'
import { NotAuthenticated, identify } from './auth.ts'
import type { Identity } from './auth.ts'
import { PveError } from './contract.ts'
import type { Behaviours, Call, Exchange, ParamValue, SimAnswer, SimRequest } from './contract.ts'
import { WireRefusal, decodeParams, decodeTarget, isHeadTooLarge } from './decode.ts'
import type { Target } from './decode.ts'
import { endOfFault, isBefore, withFault } from './fault-ends.ts'
import type { Fault, Faults } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { openAccessView } from './permissions.ts'
import type { AccessView } from './permissions.ts'
import { checkRights, forbidden } from './rights.ts'
import type { Checked, Operation, Operations, RawParam, RawParams } from './schema/types.ts'
import { settleTasks } from './tasks.ts'
import type { World } from './world.ts'

/** What the front stands on. */
export interface Front {
  readonly world: World
  readonly operations: Operations
  readonly checkParams: (operation: Operation, params: RawParams) => Checked
  readonly behaviours: Behaviours
  readonly faults: Faults
  readonly ledger: Ledger
  /** The node that is spoken to; all others are reached through it. */
  readonly entry: string
  /** How long whoever is not who they say waits for the answer. Units: milliseconds. */
  readonly loginDelayMs: number
}

/** An operation that a request was routed to, and the parameters of its path. */
interface Routed {
  readonly operation: Operation
  readonly pathParams: Readonly<Record<string, string>>
}

/** What becomes known of a request on its way. */
interface Way {
  readonly request: SimRequest
  target?: Target
  identity?: Identity
  routed?: Routed | undefined
  sent?: RawParams
  params?: Readonly<Record<string, ParamValue>>
  fault?: Fault | undefined
  hasEffect: boolean
}

/** Answers one request. */
export function answerRequest(front: Front, request: SimRequest): SimAnswer {
  const { world } = front
  settleTasks(world)
  if (isHeadTooLarge(request) || world.nodes.get(front.entry)?.state !== 'online') {
    return { ends: 'reset', delayMs: 0 }
  }
  const way: Way = { request, hasEffect: false }
  const end = endOf(front, way)
  front.ledger.write(exchangeOf(front, way, end))
  return withFault(end.answer, way.fault)
}

function endOf(front: Front, way: Way): End {
  try {
    const outcome = outcomeOf(front, way)
    const isRefusedLogin = outcome.status === 401
    const answer = writeOutcome(front.world, way.target?.format ?? 'json', outcome)
    return { ...outcome, answer: isRefusedLogin ? later(answer, front.loginDelayMs) : answer }
  } catch (error) {
    return endOfWire(front, way, error)
  }
}

/** What ends before or beside the API: the answer is no JSON. */
function endOfWire(front: Front, way: Way, error: unknown): End {
  const { world } = front
  const message = (error as Error).message
  if (error instanceof NotAuthenticated) {
    const answer = plain(world, { status: 401, reason: message, delayMs: front.loginDelayMs })
    return { status: 401, message, answer }
  }
  if (error instanceof WireRefusal) {
    const { status } = error
    return { status, message, answer: plain(world, { status, reason: message, body: message }) }
  }
  if (error instanceof PveError) {
    const { status } = error
    return { status, message, answer: plain(world, { status, reason: message }) }
  }
  if (way.fault !== undefined && error instanceof NothingDone) return endOfFault(world, way.fault)
  throw error
}

/** A fault that comes before anything is done. */
class NothingDone extends Error {}

function outcomeOf(front: Front, way: Way): Outcome {
  const { request } = way
  const target = decodeTarget(request)
  way.target = target
  way.identity = identify(front.world, request, target.path)
  const raw = decodeParams(request, target.query)
  way.sent = raw
  way.routed = routeOf(front, request.method, target.segments)
  way.fault = front.faults.take(way.routed?.operation.name ?? `${request.method} ${target.path}`)
  if (way.fault !== undefined && isBefore(way.fault)) throw new NothingDone()
  try {
    return ran(front, way, raw)
  } catch (error) {
    if (error instanceof PveError && !isOfProxy(error.status)) return outcomeOfError(error)
    if (error instanceof PveError) throw error
    return { status: 500, message: `simulator: ${(error as Error).message}` }
  }
}

function outcomeOfError({ status, message, errors }: PveError): Outcome {
  return { status, message: message.replace(/\n$/, ''), errors }
}

/** From the route to the behaviour. */
function ran(front: Front, way: Way, given: RawParams): Outcome {
  const { routed, request, target } = way
  if (routed === undefined) {
    throw new PveError(501, `Method '${request.method} ${target!.path}' not implemented`)
  }
  const { operation } = routed
  const raw = withPathParams(front, routed, given)
  way.sent = raw
  const { user, isToken } = way.identity!
  if (isToken && !operation.allowToken) {
    throw forbidden(`URI '${target!.path}' not available with API token, need proper ticket.`)
  }
  const access = openAccessView(front.world)
  checkRights(operation.permission, { world: front.world, access, user, params: raw })
  if (operation.proxyTo !== undefined) expectNode(front, String(raw[operation.proxyTo]))
  const checked = front.checkParams(operation, raw)
  if ('errors' in checked) {
    throw new PveError(400, 'Parameter verification failed.', checked.errors)
  }
  way.params = checked.params
  const behaviour = front.behaviours[operation.name]
  if (behaviour === undefined) {
    throw new PveError(501, `the simulator does not do '${operation.name}'`)
  }
  const about = { world: front.world, user, operation: operation.name, params: checked.params }
  const call = makeCall(about, access)
  const data = behaviour(call)
  way.hasEffect = request.method !== 'GET'
  if (way.fault?.kind === 'other-upid') return { status: 200, data: way.fault.upid }
  return { status: 200, data, attributes: call.attributes }
}

function makeCall(
  about: Pick<Call, 'world' | 'user' | 'operation' | 'params'>,
  access: AccessView,
): Call {
  const { user } = about
  return {
    ...about,
    may: (path, ...anyOf) => access.mayAny(user, path, anyOf),
    need: (path, ...allOf) => {
      const missing = access.firstMissing(user, path, allOf)
      if (missing !== undefined) throw forbidden(`${path}, ${missing}`)
    },
    attributes: {},
  }
}

function routeOf(
  { operations }: Front,
  method: string,
  segments: readonly string[],
): Routed | undefined {
  const match = operations.match(method, segments)
  const operation = match === undefined ? undefined : operations.all.get(match.operation)
  return match === undefined || operation === undefined
    ? undefined
    : { operation, pathParams: match.pathParams }
}

/** Parameters of the path join the others; `localhost` is the node that is spoken to. */
function withPathParams({ entry }: Front, routed: Routed, given: RawParams): RawParams {
  const all: Record<string, RawParam | undefined> = { ...given }
  for (const [name, value] of Object.entries(routed.pathParams)) {
    if (name in given && String(given[name]) !== value) {
      const why = 'duplicate parameter (already defined in URI) with conflicting values!'
      throw new PveError(400, 'Parameter verification failed.', { [name]: why })
    }
    all[name] = name === 'node' && value === 'localhost' ? entry : value
  }
  return all
}

/** Reasons are those of the HTTP client of pveproxy. Source: pve-http-server, `AnyEvent.pm`. */
function expectNode({ world }: Front, name: string): void {
  const node = world.nodes.get(name)
  if (node === undefined) {
    const lookup = `hostname lookup '${name}' failed - failed to get address info for: ${name}`
    throw new PveError(500, `${lookup}: Name or service not known`)
  }
  if (node.state === 'offline') throw new PveError(595, 'No route to host')
  if (node.state === 'waking') throw new PveError(595, 'Connection refused')
}

function exchangeOf(front: Front, way: Way, end: End): Exchange {
  const { request, routed, target } = way
  const path = target?.path ?? request.target
  return {
    atMs: front.world.now(),
    method: request.method,
    operation: routed?.operation.name ?? path,
    path,
    sent: way.sent ?? {},
    params: way.params ?? {},
    user: way.identity?.user ?? '',
    status: end.status,
    hasEffect: way.hasEffect,
    data: end.data,
    errors: end.errors,
  }
}
