// SPDX-License-Identifier: Apache-2.0
/** One bound service during one run: its connections, and exchanges within time and size. */
import { CodedError, type EndpointHead, type OutgoingRequest } from '@sallyport/sdk'
import { Pool, type Dispatcher } from 'undici'
import type { EndpointBinding } from '../../bindings/binding.ts'
import { addressOf } from './address.ts'
import { answerHeaders } from './answer-headers.ts'
import { CredentialGuard, credentialTexts } from './credential-guard.ts'
import { answerFault, connectionBroke, faultOf, limitFault } from './faults.ts'
import { pinnedConnector } from './pinned-connector.ts'

const MAX_HEADER_BYTES = 16_384
const PIECE_BYTES = 65_536

/** Bounds of one exchange. */
export interface ExchangeBounds {
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

/** An answer whose body has not been read. */
export interface OpenAnswer {
  readonly head: EndpointHead
  /** Pieces of at most 64 KiB; the service waits until the next is asked for. Throws as `Service.begin`. */
  readonly pieces: AsyncGenerator<Uint8Array, void>
  /** From here on the time of the exchange does not count. */
  untime(): void
  /** Ends the exchange, whatever is left of it. */
  cut(): void
}

/** A bound service and the connections to it, until the run is over. */
export class Service {
  readonly #name: string
  readonly #basePath: string
  readonly #pool: Pool
  readonly #credential: Readonly<Record<string, string>>
  readonly #secrets: readonly Buffer[]
  readonly #over: AbortSignal

  /** Throws: ERR_NOT_BOUND, ERR_ENDPOINT_UNTRUSTED. */
  constructor(name: string, binding: EndpointBinding, over: AbortSignal) {
    const { origin, basePath } = addressOf(name, binding)
    this.#name = name
    this.#basePath = basePath
    this.#over = over
    this.#secrets = credentialTexts(binding.headers)
    this.#credential = Object.fromEntries(
      Object.entries(binding.headers).map(([header, value]) => [
        header.toLowerCase(),
        value.reveal(),
      ]),
    )
    this.#pool = new Pool(origin, {
      connect: pinnedConnector(name, binding),
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const close = (): void => void this.#pool.destroy().catch(() => undefined)
    over.addEventListener('abort', close, { once: true })
    if (over.aborted) close()
  }

  /**
   * Sends a request and waits for the head of the answer. A redirect is an answer like any other.
   *
   * Trust: the credential is added here and wins over what the request says. A request that may have had an effect is
   * sent once; only a read whose connection broke before an answer began is sent again, once.
   * Throws: ERR_ENDPOINT_UNREACHABLE, ERR_ENDPOINT_UNTRUSTED, ERR_ENDPOINT_ANSWER, ERR_LIMIT, and the reason of `over`.
   */
  async begin(request: OutgoingRequest, bounds: ExchangeBounds): Promise<OpenAnswer> {
    const cut = new AbortController()
    const late = limitFault(this.#name, `it took longer than ${bounds.timeoutMs} ms`)
    const timer = setTimeout(() => cut.abort(late), bounds.timeoutMs)
    const end = (): void => {
      clearTimeout(timer)
      cut.abort(new CodedError('ERR_RUN_OVER', 'the exchange is over'))
    }
    const signal = AbortSignal.any([cut.signal, this.#over])
    try {
      const answer = await this.#send(request, signal)
      answer.body.on('error', () => undefined)
      const head = this.#headOf(answer, request.method, bounds)
      const pieces = this.#pieces(answer, { signal, end, maxBytes: bounds.maxAnswerBytes })
      return { head, pieces, untime: () => clearTimeout(timer), cut: end }
    } catch (error) {
      const fault = this.#faultOf(error, signal)
      end()
      throw fault
    }
  }

  async #send(request: OutgoingRequest, signal: AbortSignal): Promise<RawAnswer> {
    try {
      return await this.#attempt(request, signal)
    } catch (error) {
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      if (!isRead || signal.aborted || !connectionBroke(error)) throw error
      return this.#attempt(request, signal)
    }
  }

  #attempt(
    { method, path, headers, body }: OutgoingRequest,
    signal: AbortSignal,
  ): Promise<RawAnswer> {
    return this.#pool.request({
      method,
      path: this.#basePath + path,
      headers: { 'user-agent': 'sallyport', ...headers, ...this.#credential },
      body: body ?? null,
      signal,
      responseHeaders: 'raw',
      highWaterMark: PIECE_BYTES,
    })
  }

  #headOf(answer: RawAnswer, method: string, { maxAnswerBytes }: ExchangeBounds): EndpointHead {
    const { statusCode: status, statusText } = answer
    const headers = answerHeaders(answer.headers as unknown as string[])
    const guard = new CredentialGuard(this.#secrets)
    if (status < 200 || status > 599) throw answerFault(this.#name, 'its status is none')
    if (![statusText, ...Object.values(headers)].every((text) => guard.permits(text))) {
      throw answerFault(this.#name, 'it repeats the credential')
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw answerFault(this.#name, 'it is compressed, though nobody asked for that')
    }
    const size = method === 'HEAD' || status === 304 ? 0 : Number(headers['content-length'] ?? 0)
    if (size > maxAnswerBytes) {
      throw limitFault(this.#name, `it has more than ${maxAnswerBytes} bytes`)
    }
    return { status, statusText: /^[\x20-\x7e]*$/.test(statusText) ? statusText : '', headers }
  }

  async *#pieces(
    answer: RawAnswer,
    about: { readonly signal: AbortSignal; readonly maxBytes: number; end(): void },
  ): AsyncGenerator<Uint8Array, void> {
    const guard = new CredentialGuard(this.#secrets)
    let size = 0
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength
        if (size > about.maxBytes) {
          throw limitFault(this.#name, `it has more than ${about.maxBytes} bytes`)
        }
        yield* split(guard.pass(chunk))
      }
      yield* split(guard.rest())
    } catch (error) {
      throw this.#faultOf(error, about.signal)
    } finally {
      about.end()
      answer.body.destroy()
    }
  }

  #faultOf(error: unknown, signal: AbortSignal): Error {
    return faultOf(this.#name, signal.aborted ? signal.reason : error)
  }
}

type RawAnswer = Dispatcher.ResponseData

function* split(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    // A copy: what is handed on must not hold the whole chunk.
    yield new Uint8Array(bytes.subarray(at, at + PIECE_BYTES))
  }
}
