// SPDX-License-Identifier: Apache-2.0
/** Real services for plugins to meet: HTTP over TCP and a Unix socket, and streams of bytes that echo. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer } from 'node:net'
import type { Server } from 'node:net'

/** A running service. */
export interface Service extends AsyncDisposable {
  /** 0 on a Unix socket. */
  readonly port: number
  [Symbol.asyncDispose](): Promise<void>
}

/** An HTTP service and what it was asked: the ledger that the cases look at. */
export interface HttpService extends Service {
  readonly received: readonly {
    readonly line: string
    readonly authorization: string | undefined
  }[]
}

/** Serves HTTP on loopback, or at a path. */
export async function startHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  path?: string,
): Promise<HttpService> {
  const received: { line: string; authorization: string | undefined }[] = []
  const service = createHttpServer((request, response) => {
    const { method, url, headers } = request
    received.push({ line: `${method} ${url}`, authorization: headers.authorization })
    request.resume()
    answer(request, response)
  })
  return { received, ...(await listening(service, path)) }
}

/** Sends back what it gets, in capitals, until the other side ends. */
export async function startEcho(path?: string): Promise<Service> {
  const service = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => socket.write(String(bytes).toUpperCase()))
  })
  return listening(service, path)
}

async function listening(service: Server, path?: string): Promise<Service> {
  await new Promise<void>((done) =>
    path === undefined ? service.listen(0, '127.0.0.1', done) : service.listen(path, done),
  )
  const port = path === undefined ? (service.address() as { port: number }).port : 0
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((done) => service.close(() => done())),
  }
}
