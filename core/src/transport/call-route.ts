// SPDX-License-Identifier: Apache-2.0
/** Calls one route of the contract: fills the path, writes the body, checks the answer. */
import { CodedError } from '@sallyport/sdk'
import type { z } from 'zod'
import { encodeJson, errorEntryOf, parseJson } from '../protocol/index.ts'
import { ErrorBody, WIRE, type Route } from './contract.ts'
import { hubRefusalOf } from './faults.ts'
import type { HttpAnswer, HttpClient } from './http-client.ts'
import type { Prover } from './prover.ts'

/** By whom a request is made. */
export interface Access {
  readonly prover: Prover
  /** Access token; undefined where a session is only being opened. */
  readonly token?: string | undefined
}

/** What fills a route. */
export interface RouteCall<Body = undefined> {
  readonly params?: Readonly<Record<string, string>>
  /** Members that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Bytes are sent as they are, anything else as JSON. */
  readonly body?: Body | Uint8Array
  /** Undefined for routes open to all. */
  readonly access?: Access | undefined
  readonly signal?: AbortSignal | undefined
}

const SECOND_MS = 1_000
/** Time for a small message, above what a poll waits. */
const SMALL_DEADLINE_MS = 15 * SECOND_MS
/** Time for a message of megabytes over a slow line. */
const LARGE_DEADLINE_MS = 120 * SECOND_MS
const LARGE_BYTES = 1_024 * 1_024

/**
 * Calls a route whose answer is JSON.
 *
 * Trust: the answer has the shape of the contract and is otherwise the hub's word.
 * Throws: ERR_HUB_REFUSED with `status`, `code` and `correlationId`, and all that `exchange` throws.
 */
export async function callRoute<Body, Answer>(
  http: HttpClient,
  route: Route<Body, Answer>,
  call: RouteCall<Body> = {},
): Promise<Answer> {
  const answer = await exchange(http, route, call)
  if (answer.contentType !== 'application/json') throw badForm('it is not JSON')
  return parseShape(route.answer, answer.bytes, route.maxAnswerBytes)
}

/** Calls a route whose answer is bytes. Throws: as `callRoute`. */
export async function fetchRoute<Body>(
  http: HttpClient,
  route: Route<Body, unknown>,
  call: RouteCall<Body> = {},
): Promise<Uint8Array> {
  const answer = await exchange(http, route, call)
  if (answer.contentType !== 'application/octet-stream') throw badForm('it is not bytes')
  return answer.bytes
}

/** Why a second attempt: the hub names its nonce when the first has none, or an old one, and has done nothing yet. */
async function exchange<Body>(
  http: HttpClient,
  route: Route<Body, unknown>,
  call: RouteCall<Body>,
): Promise<HttpAnswer> {
  const answer = await attempt(http, route, call)
  if (answer.status === 200) return answer
  const refusal = refusalOf(answer)
  if (hubRefusalOf(refusal)?.code !== 'ERR_DPOP_NONCE') throw refusal
  const again = await attempt(http, route, call)
  if (again.status === 200) return again
  throw refusalOf(again)
}

async function attempt<Body>(
  http: HttpClient,
  route: Route<Body, unknown>,
  call: RouteCall<Body>,
): Promise<HttpAnswer> {
  const { method } = route
  const path = pathOf(route, call)
  const { prover, token } = call.access ?? {}
  const proof = await prover?.prove({ method, url: http.address + path, token })
  const answer = await http.exchange({
    method,
    path: path + queryOf(call),
    headers: { ...headersOf(call), ...proof },
    body: bodyOf(call.body),
    maxAnswerBytes: route.maxAnswerBytes,
    deadlineMs: deadlineOf(route, Number(call.query?.['waitSeconds'] ?? 0)),
    signal: call.signal,
  })
  if (answer.nonce !== undefined) prover?.hear(answer.nonce)
  return answer
}

function pathOf(route: { path: string }, call: RouteCall<unknown>): string {
  return route.path.replaceAll(/\{([a-zA-Z]+)\}/g, (_, name: string) => {
    const value = call.params?.[name]
    if (value === undefined) throw new TypeError(`call.params.${name} is missing`)
    return encodeURIComponent(value)
  })
}

function queryOf(call: RouteCall<unknown>): string {
  const query = Object.entries(call.query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`
}

function headersOf(call: RouteCall<unknown>): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json, application/octet-stream' }
  if (call.body instanceof Uint8Array) headers['content-type'] = 'application/octet-stream'
  else if (call.body !== undefined) headers['content-type'] = 'application/json'
  return headers
}

function bodyOf(body: unknown): Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array ? body : encodeJson(body)
}

function deadlineOf(route: Omit<Route<unknown, unknown>, 'body'>, waitSeconds: number): number {
  if (route.waits) return waitSeconds * SECOND_MS + SMALL_DEADLINE_MS
  const isLarge = Math.max(route.maxRequestBytes, route.maxAnswerBytes) > LARGE_BYTES
  return isLarge ? LARGE_DEADLINE_MS : SMALL_DEADLINE_MS
}

function refusalOf(answer: HttpAnswer): CodedError {
  const { status } = answer
  if (status >= 300 && status < 400) return badForm('redirects are not followed', { status })
  const body = parseErrorBody(answer)
  if (body !== undefined) {
    return new CodedError('ERR_HUB_REFUSED', meaningOf(body.code), {
      details: {
        status,
        code: body.code,
        correlationId: body.correlationId,
        retryAfterMs: answer.retryAfterMs,
      },
    })
  }
  if (status < 500) return badForm('it is not a hub that answers', { status })
  return new CodedError('ERR_HUB_UNREACHABLE', `something before the hub answered ${status}`, {
    details: { status },
  })
}

/** In the words of this program: the hub's own would be one more thing to believe. */
function meaningOf(code: string): string {
  const meaning = errorEntryOf(code)?.meaning ?? code
  return meaning.replace(/\.$/, '').replace(/^[A-Z](?=[a-z]* )/, (letter) => letter.toLowerCase())
}

function parseErrorBody(answer: HttpAnswer): ErrorBody | undefined {
  if (answer.contentType !== 'application/json') return undefined
  try {
    return parseShape(ErrorBody, answer.bytes, WIRE.maxMessageBytes)
  } catch {
    return undefined
  }
}

function parseShape<T>(shape: z.ZodType<T>, bytes: Uint8Array, maxBytes: number): T {
  let value: unknown
  try {
    value = parseJson(bytes, maxBytes)
  } catch (cause) {
    throw badForm('it is not strict JSON', {}, cause)
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw badForm('it is not what the contract says', {
    path: parsed.error.issues[0]?.path.join('.'),
  })
}

function badForm(why: string, details: Record<string, unknown> = {}, cause?: unknown): CodedError {
  return new CodedError('ERR_HUB_ANSWER_FORM', `the answer of the hub is not usable: ${why}`, {
    details,
    cause,
  })
}
