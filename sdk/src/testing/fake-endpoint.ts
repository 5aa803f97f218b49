// SPDX-License-Identifier: Apache-2.0
/** A bound HTTP service as functions, called through the same handle and under the same refusals as a real one. */
import { decideRequest } from '../endpoint-request.ts'
import type { OutgoingRequest } from '../endpoint-request.ts'
import { CodedError } from '../errors.ts'
import type { Endpoint, EndpointAnswer, EndpointRequest } from '../handles.ts'
import type { EndpointScope } from '../permission.ts'
import type { Resources } from '../resources.ts'
import { matchRoute, normalPath, parseRoute } from '../route.ts'
import { readSegment } from '../segment.ts'
import { makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/** A request as a fake service sees it. `params` are the values of the route's `{name}` segments. */
export interface FakeEndpointRequest extends EndpointRequest {
  readonly params: Readonly<Record<string, string>>
}

/** An answer, at most one of `json`, `text`, `bytes` and `pieces` (of a stream); or the `code` of an error. */
export type FakeEndpointAnswer =
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly json?: unknown
      readonly text?: string
      readonly bytes?: Uint8Array
      readonly pieces?: readonly (string | Uint8Array)[]
    }
  | { readonly code: string }

/** The answer of a route: always the same, or made of the request. */
export type FakeEndpointHandler =
  | FakeEndpointAnswer
  | ((request: FakeEndpointRequest) => FakeEndpointAnswer)

const STREAM_PIECE_BYTES = 65_536

/**
 * An `endpoint` handle over functions, one per route. A request that no route takes is answered with 404.
 *
 * @example
 * const pve = fakeEndpoint({ 'GET /nodes/{node}/status': ({ params }) => ({ json: { data: params.node } }) })
 * await pve.request({ method: 'GET', path: '/nodes/pve1/status' })
 * pve.calls // [{ method: 'request', target: 'GET /nodes/pve1/status' }]
 */
export function fakeEndpoint(
  handlers: Readonly<Record<string, FakeEndpointHandler>>,
): Fake<'endpoint'> {
  const streams = new Map<number, Uint8Array[]>()
  let lastId = 0
  return makeFake('endpoint', (record, scope, resources = new Map()): Endpoint => {
    const answer = (request: EndpointRequest): Answered => {
      const sent = scope === undefined ? undefined : decided(scope, request, resources)
      return answered(handlers, request, sent, scope?.maxAnswerBytes ?? Infinity)
    }
    return {
      request: (request) =>
        record('request', targetOf(request), () => {
          const { pieces, ...head } = answer(request)
          return { ...head, body: joined(pieces) } satisfies EndpointAnswer
        }),
      open: (request) =>
        record('open', targetOf(request), () => {
          const { pieces, ...head } = answer(request)
          streams.set(++lastId, pieces)
          return { ...head, streamId: lastId }
        }),
      read: (streamId) =>
        record('read', `stream ${streamId}`, () => {
          if (streamId > lastId) {
            throw new CodedError('ERR_ARGUMENT_FORM', `there is no stream ${streamId}`)
          }
          return streams.get(streamId)?.shift() ?? null
        }),
      close: (streamId) =>
        record('close', `stream ${streamId}`, () => void streams.delete(streamId)),
    }
  })
}

interface Answered {
  readonly status: number
  readonly statusText: string
  readonly headers: Readonly<Record<string, string>>
  readonly pieces: Uint8Array[]
}

function targetOf({ method, path }: EndpointRequest): string {
  return `${method} ${normalPath(path) ?? path}`
}

function decided(
  scope: EndpointScope,
  request: EndpointRequest,
  resources: Resources,
): OutgoingRequest {
  const decision = decideRequest(scope, request, resources)
  if (decision.allowed) return decision.request
  throw new CodedError(decision.code, decision.why)
}

function answered(
  handlers: Readonly<Record<string, FakeEndpointHandler>>,
  request: EndpointRequest,
  sent: OutgoingRequest | undefined,
  maxBytes: number,
): Answered {
  const path = sent?.path.split('?')[0] ?? request.path
  const found = Object.entries(handlers).flatMap(([route, handler]) => {
    const params = paramsOf(route, { method: request.method, path })
    return params === undefined ? [] : [{ handler, params }]
  })[0]
  if (found === undefined) return headOf({ status: 404 }, [])
  const { handler, params } = found
  const answer = typeof handler === 'function' ? handler({ ...request, path, params }) : handler
  if ('code' in answer) throw new CodedError(answer.code, 'the service gives no answer')
  const pieces = piecesOf(answer)
  if (joined(pieces).length > maxBytes) {
    throw new CodedError('ERR_LIMIT', `the answer has more than ${maxBytes} bytes`)
  }
  return headOf(answer, pieces)
}

/** Why every resource may be anything here: what the job may name was decided before. */
function paramsOf(
  route: string,
  request: { readonly method: string; readonly path: string },
): Readonly<Record<string, string>> | undefined {
  const { segments } = parseRoute(route)
  const parts = request.path.split('/').slice(1).map(decoded)
  const values = segments.flatMap((segment, at) =>
    (readSegment(segment, parts[at] ?? '') ?? []).map(
      ({ name, value }) => [name, [value]] as const,
    ),
  )
  const match = matchRoute({ route }, request, new Map(values))
  return match.ok ? match.params : undefined
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function headOf(
  answer: Exclude<FakeEndpointAnswer, { code: string }>,
  pieces: Uint8Array[],
): Answered {
  const type = answer.json === undefined ? {} : { 'content-type': 'application/json' }
  const own = Object.entries(answer.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ])
  const headers = { ...type, ...(Object.fromEntries(own) as Record<string, string>) }
  return { status: answer.status ?? 200, statusText: '', headers, pieces }
}

function piecesOf(answer: Exclude<FakeEndpointAnswer, { code: string }>): Uint8Array[] {
  const { json, text, bytes, pieces } = answer
  const given = pieces ?? [bytes ?? text ?? (json === undefined ? '' : JSON.stringify(json))]
  return given
    .map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece.slice()))
    .flatMap((piece) =>
      Array.from({ length: Math.ceil(piece.length / STREAM_PIECE_BYTES) }, (_, at) =>
        piece.slice(at * STREAM_PIECE_BYTES, (at + 1) * STREAM_PIECE_BYTES),
      ),
    )
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
