// SPDX-License-Identifier: Apache-2.0
/** A hub that answers whatever a test wants, down to the bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'

/** What listens, and how often it was asked. */
export interface RawHub extends AsyncDisposable {
  readonly url: string
  /** Requests so far, as `METHOD /path`. */
  readonly requests: string[]
  /** Headers of the newest request. */
  headers(): Readonly<Record<string, unknown>>
  /** Open connections. */
  connections(): number
}

/** Answers by HTTP. The body of the request is read first. */
export async function rawHub(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<RawHub> {
  const requests: string[] = []
  let headers: Record<string, unknown> = {}
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    headers = request.headers
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => answer(request, response, body))
    response.on('error', () => {})
  })
  server.on('connection', (socket) => track(sockets, socket))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: urlOf(server.address() as AddressInfo),
    requests,
    headers: () => headers,
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Answers with bytes, after the first bytes came. */
export async function rawSocketHub(answer: (socket: Socket) => void): Promise<RawHub> {
  const sockets = new Set<Socket>()
  const server = createSocketServer((socket) => {
    track(sockets, socket)
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: urlOf(server.address() as AddressInfo),
    requests: [],
    headers: () => ({}),
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Writes a JSON answer. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket)).on('error', () => {})
}

function urlOf({ port }: AddressInfo): string {
  return `http://127.0.0.1:${port}`
}
