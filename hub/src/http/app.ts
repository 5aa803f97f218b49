// SPDX-License-Identifier: Apache-2.0
/** The HTTP server: its bounds, its headers, its errors. Routes are added by the files beside this one. */
import { Id } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Guard } from '../abuse/guard.ts'
import { endPipelines } from '../abuse/pipelines.ts'
import { expectForm } from '../abuse/request-form.ts'
import type { Traffic } from '../abuse/traffic.ts'
import type { HubLimits } from '../limits.ts'
import type { Log } from '../log.ts'
import { serverOptions } from '../tls/server-options.ts'
import type { TlsIdentity } from '../tls/tls-files.ts'
import { answerOf, isTellable } from './errors.ts'
import { watchNewcomers } from './newcomers.ts'
import { STATUS_CODES } from './node-http.ts'

/** What the server needs. */
export interface AppParts {
  readonly log: Log
  readonly limits: HubLimits
  readonly guard: Guard
  readonly traffic: Traffic
  /** Whether the hub is going down. */
  readonly isDraining: () => boolean
  /** Given where the hub ends TLS itself. */
  readonly tls?: TlsIdentity | undefined
}

/** Sent with every answer: nothing here is for browsers. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

/** Statuses that are worth a line each: someone was not who they should be. */
const DENIED: readonly number[] = [401, 403]

/** Makes the server; it does not listen yet. */
export function makeApp(parts: AppParts): FastifyInstance {
  const { limits, tls } = parts
  const app = fastify({
    bodyLimit: WIRE.maxMessageBytes,
    clientErrorHandler: (error, socket) => answerClientError(parts, error, socket),
    connectionTimeout: limits.silenceMs,
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => void answerError(parts, error, request, reply),
    genReqId: () => randomUUID(),
    keepAliveTimeout: limits.idleMs,
    logger: false,
    requestTimeout: limits.requestMs,
    return503OnClosing: false,
    routerOptions: { caseSensitive: true, maxParamLength: 128 },
    ...serverOptions(boundsOf(limits), tls),
  })
  app.server.maxConnections = limits.maxConnections
  parts.traffic.watch(app.server)
  endPipelines(app.server, limits.pipelined)
  takeBytes(app)
  addHooks(app, parts)
  app.setErrorHandler((error, request, reply) => answerError(parts, error, request, reply))
  app.setNotFoundHandler(() => {
    throw new CodedError('ERR_ROUTE_UNKNOWN', 'there is nothing here')
  })
  return app
}

function boundsOf(limits: HubLimits): ServerOptions {
  return {
    connectionsCheckingInterval: limits.checkMs,
    headersTimeout: limits.headersMs,
    maxHeaderSize: limits.maxHeaderBytes,
    requireHostHeader: false,
  }
}

/** Bodies come to the routes as bytes; parsing is theirs, so that it is strict. */
function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const types = ['application/json', 'application/octet-stream']
  app.addContentTypeParser(types, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.decorateRequest('principal', undefined)
}

function addHooks(app: FastifyInstance, { log, guard, traffic, isDraining }: AppParts): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...HEADERS, 'x-correlation-id': request.id })
    if (isDraining()) throw new CodedError('ERR_DRAINING', 'the hub is going down')
  })
  // Before anything that waits: only in the turn in which a request is read does it show how far the hub is behind.
  watchNewcomers(app)
  app.addHook('onRequest', async (request) => {
    await guard.admitSource(request.raw, request.routeOptions.config.contractRoute)
    expectForm(request.raw)
  })
  app.addHook('preHandler', async (request) => traffic.began(request))
  app.addHook('onSend', async (_request, reply) => {
    traffic.answering(reply)
    if (isDraining()) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    traffic.ended(request)
    const { method, id: requestId } = request
    const route = request.routeOptions.url ?? 'unknown'
    const ms = Math.round(reply.elapsedTime)
    const { siteId, agentId, keyId } = request.principal ?? {}
    const fields = {
      correlationId: correlationIdOf(request),
      requestId,
      method,
      route,
      status: reply.statusCode,
      ms,
      siteId,
      agentId,
      keyId,
    }
    const isDenied = DENIED.includes(reply.statusCode)
    if (isDenied) log.info(fields, 'request.denied')
    else log.debug(fields, 'request.answered')
  })
}

/** Lines about an envelope go by its id, which is in the lines of the agent too; all others by the request's. */
function correlationIdOf({ params, id }: FastifyRequest): string {
  const { envelopeId } = (params ?? {}) as { envelopeId?: string }
  return Id.safeParse(envelopeId).data ?? id
}

async function answerError(
  { log, guard }: AppParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { status, body, why, retryAfterSeconds } = answerOf(error, request.id)
  const ids = { correlationId: correlationIdOf(request), requestId: request.id }
  if (isTellable(error)) log.debug({ ...ids, code: body.code, why }, 'request.fault')
  else log.error({ ...ids, error }, 'hub.fault')
  await guard
    .failed(request.raw, request.principal, body.code)
    .catch((fault: unknown) => log.error({ ...ids, error: fault }, 'limit.uncounted'))
  if (isTooLargeToSkip(request)) reply.header('connection', 'close')
  if (request.principal === undefined && status === 429) reply.header('connection', 'close')
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return reply
    .headers({ ...HEADERS, 'x-correlation-id': request.id })
    .code(status)
    .send(body)
}

/** Why: what is left of a body is read and dropped, so that the client sees the answer; but not without end. */
function isTooLargeToSkip({ raw }: FastifyRequest): boolean {
  if (raw.complete) return false
  const { 'content-length': length, 'transfer-encoding': encoding } = raw.headers
  return encoding !== undefined || Number(length ?? 0) > WIRE.maxBundleBytes
}

/**
 * Whether the parser of HTTP says so.
 *
 * Why: what is written where TLS was never agreed on waits for ever, and the connection with it.
 */
function isOfHttp(code = 'HPE_UNKNOWN'): boolean {
  return code.startsWith('HPE_') || code.startsWith('ERR_HTTP_')
}

/** Answers what is not HTTP, or came too slowly, and cuts the connection. */
function answerClientError(
  { guard, log }: AppParts,
  error: Error & { code?: string },
  socket: Socket,
): void {
  if (!isOfHttp(error.code) || !socket.writable) {
    socket.destroy()
    return
  }
  const known = { code: error.code ?? 'HPE_UNKNOWN', message: error.message }
  const { status, body } = answerOf(known, randomUUID())
  guard
    .failedBytes(socket.remoteAddress, body.code)
    .catch((fault: unknown) => log.error({ error: fault }, 'limit.uncounted'))
  const text = JSON.stringify(body)
  const headers = Object.entries({
    ...HEADERS,
    'x-correlation-id': body.correlationId,
    'content-type': 'application/json',
    'content-length': String(text.length),
    connection: 'close',
  })
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${text}`)
  socket.destroySoon()
}
