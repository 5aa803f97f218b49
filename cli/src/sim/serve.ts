// SPDX-License-Identifier: Apache-2.0
/** Serves a simulator over HTTPS: its answers as they are, and the ways in which its connections go wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Certificate } from './certificate.ts'
import type { Handle, ServedAnswer, ServedRequest } from './served.ts'

/** What is served, and where. */
export interface ServeOptions {
  readonly handle: Handle
  /** 127.0.0.1 unless given. */
  readonly host?: string
  /** A free one unless given. */
  readonly port?: number
  readonly certificate: Certificate
  /** Answers longer than this are compressed for who takes that; never unless given. Units: bytes. */
  readonly compressAbove?: number
}

/** A simulator that is served. */
export interface ServedSimulator extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `https://127.0.0.1:8006` */
  readonly url: string
  /** Shows another certificate to whoever connects from now on. */
  changeCertificate(certificate: Certificate): void
  close(): Promise<void>
}

/** How much of a body is kept; a simulator learns from the head that there is more. */
const MAX_BODY_BYTES = 1024 * 1024

/**
 * Serves a simulator until it is closed.
 *
 * Throws: ERR_PORT_TAKEN.
 */
export async function serveSimulator(options: ServeOptions): Promise<ServedSimulator> {
  const { certificate, host = '127.0.0.1', port = 0 } = options
  const waiting = new Set<NodeJS.Timeout>()
  const service = createServer(secrets(certificate), (request, response) => {
    void exchange(options, waiting, { request, response })
  })
  // Whoever refuses the certificate ends the connection: no fault of the simulator.
  service.on('tlsClientError', () => undefined)
  await listen(service, host, port)
  const bound = (service.address() as AddressInfo).port
  const close = async () => {
    for (const timer of waiting) clearTimeout(timer)
    await new Promise<void>((done) => {
      service.close(() => done())
      service.closeAllConnections()
    })
  }
  return {
    host,
    port: bound,
    url: `https://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    changeCertificate: (next) => service.setSecureContext(secrets(next)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Pair {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function exchange(
  options: ServeOptions,
  waiting: Set<NodeJS.Timeout>,
  { request, response }: Pair,
): Promise<void> {
  const body = await bodyOf(request).catch(() => undefined)
  if (body === undefined) return
  const answer = options.handle(requestOf(request, body))
  if ('ends' in answer && answer.ends === 'hang') return
  const answerNow = () => write(answer, { request, response }, options.compressAbove)
  if (answer.delayMs === 0) return answerNow()
  const timer = setTimeout(() => {
    waiting.delete(timer)
    answerNow()
  }, answer.delayMs)
  waiting.add(timer)
}

/** The body, or its beginning when it is very long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length <= MAX_BODY_BYTES) parts.push(part)
  }
  return Buffer.concat(parts)
}

function requestOf({ method, url, headers }: IncomingMessage, body: Buffer): ServedRequest {
  const lines = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')])
  return {
    method: method ?? '',
    target: url ?? '',
    headers: Object.fromEntries(lines) as Record<string, string>,
    body,
  }
}

function write(answer: ServedAnswer, { request, response }: Pair, compressAbove = Infinity): void {
  if ('ends' in answer) {
    request.socket.destroy()
    return
  }
  const isPacked =
    answer.body.length > compressAbove &&
    /\bgzip\b/.test(String(request.headers['accept-encoding']))
  const body = isPacked ? gzipSync(answer.body) : answer.body
  const packing = isPacked
    ? { 'Content-Encoding': 'gzip', 'Content-Length': String(body.length) }
    : {}
  const ending = /\bclose\b/i.test(request.headers.connection ?? '') ? { Connection: 'close' } : {}
  response.writeHead(answer.status, answer.reason, { ...answer.headers, ...packing, ...ending })
  response.end(body)
}

function secrets({ keyPem, certPem }: Certificate): { key: string; cert: string } {
  return { key: keyPem, cert: certPem }
}

async function listen(service: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  service.once('error', reject)
  service.listen(port, host, resolve)
  await promise.catch((cause: unknown) => {
    if (!isCodedError(cause) || cause.code !== 'EADDRINUSE') throw cause
    throw new Problem('ERR_PORT_TAKEN', `something else listens on ${host}:${port}`, {
      exit: EXIT.failed,
      unharmed: 'Nothing was started.',
      remedy: 'Name another port with `--port`; 0 takes any that is free.',
      cause,
    })
  })
}
