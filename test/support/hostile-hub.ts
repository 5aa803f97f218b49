// SPDX-License-Identifier: Apache-2.0
/** Something in the place of a hub that answers polls as a case wants, and counts how it is asked. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** How one request is answered. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => void

/** How long a poll is held by a hub that has nothing: longer than an agent takes for "not held". */
const HOLD_MS = 600

const sendJson = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

/** A hub that has nothing and says so in good form. */
export const NOTHING: Answering = (_, response) =>
  void setTimeout(() => sendJson(response, { deliveries: [] }), HOLD_MS)

/** Listens where a hub was. Sessions are opened for anyone, and no log is witnessed. */
export class HostileHub implements AsyncDisposable {
  answerPoll: Answering = NOTHING
  /** In place of a challenge. */
  answerChallenge: Answering | undefined
  pollCount = 0
  /** Polls that were open at the same time. */
  mostAtOnce = 0
  readonly #server: Server
  #open = 0

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  /** Takes the place of the hub of this address. */
  static async at(url: string): Promise<HostileHub> {
    const hub = new HostileHub()
    await new Promise<void>((done) =>
      hub.#server.listen(Number(new URL(url).port), '127.0.0.1', done),
    )
    return hub
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    response.on('error', () => undefined)
    const { url = '' } = request
    if (url.startsWith('/v1/mailbox?')) return this.#answerPoll(request, response)
    const expiresAt = new Date(Date.now() + 300_000).toISOString()
    if (url === '/v1/sessions/challenges') {
      if (this.answerChallenge !== undefined) return this.answerChallenge(request, response)
      return sendJson(response, { challenge: randomBytes(32).toString('base64url'), expiresAt })
    }
    if (url === '/v1/sessions') return sendJson(response, { token: 'any', expiresAt })
    if (url === '/v1/audit/heads/self' && request.method === 'GET')
      return sendJson(response, { head: null })
    response.writeHead(503).end()
  }

  #answerPoll(request: IncomingMessage, response: ServerResponse): void {
    this.pollCount += 1
    this.#open += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open)
    response.on('close', () => (this.#open -= 1))
    this.answerPoll(request, response)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((done) => this.#server.close(() => done()))
  }
}
