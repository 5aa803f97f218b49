// SPDX-License-Identifier: Apache-2.0
/** One HTTP exchange with a hub that is not believed: bounded in time and size, never redirected, never decompressed. */
import { CodedError } from '@sallyport/sdk'
import { Agent, request, type Dispatcher } from 'undici'
import { parseHubAddress } from './address.ts'
import { WIRE } from './contract.ts'
import { faultOf } from './faults.ts'

/** How a hub is dialled. */
export interface HttpOptions {
  /** Base address of the hub. */
  readonly url: string
  /** Takes plain http beyond loopback. */
  readonly allowPlainHttp?: boolean
  /** PEM certificates to believe instead of the ones the system believes. */
  readonly ca?: string
}

/** One request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Path below the base address, with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  readonly maxAnswerBytes: number
  /** Milliseconds from the first byte of the dialling to the last byte of the answer. */
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
}

/** One answer. Trust: everything in it is the hub's word. */
export interface HttpAnswer {
  readonly status: number
  /** Media type without parameters, lower case. */
  readonly contentType: string
  /** For the next proof. Source: RFC 9449, section 8.2. */
  readonly nonce: string | undefined
  /** Units: milliseconds. Source: RFC 9110, section 10.2.3; a date is not looked at. */
  readonly retryAfterMs: number | undefined
  readonly bytes: Uint8Array
}

/** Speaks HTTP with one hub. */
export interface HttpClient extends AsyncDisposable {
  /** Base address in its one spelling. */
  readonly address: string
  /**
   * Sends one request and reads the whole answer.
   *
   * Throws: ERR_HUB_UNREACHABLE, ERR_HUB_TIMEOUT, ERR_HUB_ANSWER_SIZE, ERR_HUB_ANSWER_FORM; the reason of `signal`
   * when that ended it.
   */
  exchange(request: HttpRequest): Promise<HttpAnswer>
}

const MAX_HEADER_BYTES = 16_384

/** Why in so many words: variables of the environment turn the defaults of Node off (NODE_TLS_REJECT_UNAUTHORIZED, NODE_OPTIONS). */
const TLS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const

/** Opens a client with connections of its own. Throws: ERR_HUB_ADDRESS. */
export function openHttpClient(options: HttpOptions): HttpClient {
  const address = parseHubAddress(options.url, options)
  const agent = new Agent({
    allowH2: false,
    connect: { ...TLS, ...(options.ca === undefined ? {} : { ca: options.ca }) },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
  })
  return {
    address,
    exchange: (call) => exchange(agent, address, call),
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

async function exchange(agent: Agent, address: string, call: HttpRequest): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(call.deadlineMs)
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal])
  try {
    const answer = await request(address + call.path, {
      dispatcher: agent,
      method: call.method,
      headers: call.headers,
      body: call.body ?? null,
      signal,
    })
    return await readAnswer(answer, call.maxAnswerBytes)
  } catch (error) {
    if (call.signal?.aborted === true) throw call.signal.reason
    throw faultOf(error, deadline.aborted)
  }
}

async function readAnswer(
  answer: Dispatcher.ResponseData,
  maxAnswerBytes: number,
): Promise<HttpAnswer> {
  try {
    refuseEncoding(answer.headers['content-encoding'])
    const ok = answer.statusCode === 200
    const bytes = await readBytes(answer, ok ? maxAnswerBytes : WIRE.maxMessageBytes)
    const nonce = answer.headers['dpop-nonce']
    return {
      status: answer.statusCode,
      contentType: mediaType(answer),
      nonce: typeof nonce === 'string' ? nonce : undefined,
      retryAfterMs: retryAfterMs(answer),
      bytes,
    }
  } finally {
    // Cuts the connection when the answer was not read to its end.
    answer.body.on('error', () => {}).destroy()
  }
}

async function readBytes(answer: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function refuseEncoding(encoding: string | string[] | undefined): void {
  if (encoding === undefined) return
  throw new CodedError(
    'ERR_HUB_ANSWER_FORM',
    'the hub compressed its answer, which was not asked for',
  )
}

function retryAfterMs(answer: Dispatcher.ResponseData): number | undefined {
  const value = answer.headers['retry-after']
  return typeof value === 'string' && /^[0-9]{1,6}$/.test(value) ? Number(value) * 1_000 : undefined
}

function mediaType(answer: Dispatcher.ResponseData): string {
  const value = answer.headers['content-type']
  return typeof value === 'string' ? (value.split(';', 1)[0] ?? '').trim().toLowerCase() : ''
}

function tooLarge(maxBytes: number): CodedError<'ERR_HUB_ANSWER_SIZE'> {
  return new CodedError('ERR_HUB_ANSWER_SIZE', 'the answer of the hub is too large', {
    details: { maxBytes },
  })
}
