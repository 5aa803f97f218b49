// SPDX-License-Identifier: Apache-2.0
/** Serves one route of the contract: who, how large, which shape; then the handler; then the shape of what it answers. */
import { describeIssue, encodeJson, parseJson } from '@sallyport/core/protocol'
import type { Route } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Guard } from '../abuse/guard.ts'
import type { Traffic } from '../abuse/traffic.ts'
import type { HubLimits } from '../limits.ts'
import type { Epochs } from '../backup/epochs.ts'
import type { Principal } from '../sessions/principals.ts'
import type { Authenticate } from './authenticate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; undefined on routes open to all. */
    principal: Principal | undefined
  }
  interface FastifyContextConfig {
    /** The route of the contract; undefined where nothing is served. */
    contractRoute?: AnyRoute
  }
}

/** A request whose every part has its shape. */
export interface Call<Body, Params, Query> {
  readonly body: Body
  readonly params: Params
  readonly query: Query
  /** Undefined on routes open to all. */
  readonly principal: Principal | undefined
  readonly request: FastifyRequest
  /** Aborts when the connection is gone before the answer went out. */
  readonly signal: AbortSignal
}

/** What a route does, and the shapes the contract leaves to it. */
export interface Endpoint<Body, Answer, Params, Query> {
  readonly params?: z.ZodType<Params>
  readonly query?: z.ZodType<Query>
  /** The key that a request claims to be of, on routes that open a session. */
  readonly claimedKey?: (body: Body) => string | undefined
  readonly handle: (call: Call<Body, Params, Query>) => Promise<Answer>
}

/** The server that routes are added to. */
export interface RouteHost {
  readonly app: FastifyInstance
  readonly authenticate: Authenticate
  readonly epochs: Pick<Epochs, 'expectConfirmed'>
  readonly guard: Guard
  readonly traffic: Traffic
  readonly limits: HubLimits
}

const JSON_TYPE = 'application/json'
const BYTES_TYPE = 'application/octet-stream'
const NONE = z.strictObject({})

/** Serves a route whose body, if it has one, and answer are JSON. */
export function serve<Body, Answer, Params = object, Query = object>(
  host: RouteHost,
  route: Route<Body, Answer>,
  endpoint: Endpoint<Body, Answer, Params, Query>,
): void {
  const mediaType = route.method === 'GET' ? undefined : JSON_TYPE
  addRoute(host, route, mediaType, async (request, reply) => {
    const value =
      mediaType === undefined ? undefined : parseJson(bytesOf(request), route.maxRequestBytes)
    const call = callOf(request, reply, endpoint, checkShape(route.body, value, 'body'))
    const claimed = endpoint.claimedKey?.(call.body)
    if (claimed !== undefined) await host.guard.admitClaim(request.raw, claimed)
    const answer = encodeJson(route.answer.parse(await endpoint.handle(call)))
    if (route.auth === 'none') await host.guard.succeeded(request.raw, route)
    return send(host, { request, reply, route }, JSON_TYPE, answer)
  })
}

/** Serves a route that takes bytes and answers with JSON. */
export function serveUpload<Answer, Params, Query = object>(
  host: RouteHost,
  route: Route<unknown, Answer>,
  endpoint: Endpoint<Uint8Array, Answer, Params, Query>,
): void {
  addRoute(host, route, BYTES_TYPE, async (request, reply) => {
    const call = callOf(request, reply, endpoint, bytesOf(request))
    const answer = encodeJson(route.answer.parse(await endpoint.handle(call)))
    return send(host, { request, reply, route }, JSON_TYPE, answer)
  })
}

/** Serves a route that answers with bytes. */
export function serveDownload<Params, Query = object>(
  host: RouteHost,
  route: Route<unknown, unknown>,
  endpoint: Endpoint<undefined, Uint8Array, Params, Query>,
): void {
  addRoute(host, route, undefined, async (request, reply) => {
    const call = callOf(request, reply, endpoint, undefined)
    return send(host, { request, reply, route }, BYTES_TYPE, await endpoint.handle(call))
  })
}

type AnyRoute = Omit<Route<unknown, unknown>, 'body' | 'answer'>

function addRoute(
  { app, authenticate, epochs, guard, traffic, limits }: RouteHost,
  route: AnyRoute,
  mediaType: string | undefined,
  handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{([a-zA-Z]+)\}/g, ':$1'),
    bodyLimit: route.maxRequestBytes,
    config: { contractRoute: route },
    ...(route.waits ? {} : { handlerTimeout: limits.handlerMs }),
    onRequest: async (request, reply) => {
      const principal = await authenticate(request, route.auth)
      request.principal = principal
      if (principal !== undefined) await epochs.expectConfirmed(principal, route.beforeConfirm)
      if (principal !== undefined) await guard.admitKnown(request.raw, principal, route)
      expectMedia(request, mediaType)
      const source = guard.sourceOf(request.raw)
      const cut = () => app.server.emit('clientError', tooSlow(), request.raw.socket)
      const { maxRequestBytes: maxBytes } = route
      traffic.arrived(request, reply, { principal, source, maxBytes, cut })
    },
    handler,
  })
}

function tooSlow(): CodedError {
  return new CodedError('ERR_HTTP_REQUEST_TIMEOUT', 'the body did not come in time')
}

function expectMedia(request: FastifyRequest, mediaType: string | undefined): void {
  const { headers } = request.raw
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (mediaType === undefined) {
    if (hasBody) throw new CodedError('ERR_MEDIA_TYPE', 'nothing may be sent here')
    return
  }
  const given = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (given === mediaType && headers['content-encoding'] === undefined) return
  throw new CodedError('ERR_MEDIA_TYPE', `the body must be ${mediaType}, not encoded`)
}

function callOf<Body, Answer, Params, Query>(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint<Body, Answer, Params, Query>,
  body: Body,
): Call<Body, Params, Query> {
  const params = endpoint.params ?? (NONE as unknown as z.ZodType<Params>)
  const query = endpoint.query ?? (NONE as unknown as z.ZodType<Query>)
  return {
    body,
    params: checkShape(params, request.params, 'path'),
    query: checkShape(query, request.query, 'query'),
    principal: request.principal,
    request,
    signal: signalOf(reply),
  }
}

function checkShape<T>(shape: z.ZodType<T>, value: unknown, where: string): T {
  const checked = shape.safeParse(value)
  if (checked.success) return checked.data
  const { path, why } = describeIssue(checked.error)
  throw new CodedError('ERR_REQUEST_FORM', `${where}: ${path === '' ? '' : `${path}: `}${why}`)
}

function bytesOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
}

function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    if (!reply.raw.writableFinished) controller.abort()
  }
  if (reply.raw.closed) abort()
  else reply.raw.once('close', abort)
  return controller.signal
}

function send(
  { traffic }: RouteHost,
  { request, reply, route }: { request: FastifyRequest; reply: FastifyReply; route: AnyRoute },
  mediaType: string,
  bytes: Uint8Array,
): FastifyReply {
  if (bytes.length > route.maxAnswerBytes)
    throw new RangeError('the answer is larger than its route allows')
  traffic.answers(request, reply, bytes.length)
  return reply.type(mediaType).send(bytes)
}
