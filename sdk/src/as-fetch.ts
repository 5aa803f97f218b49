// SPDX-License-Identifier: Apache-2.0
/** A bound service as `fetch`, for client libraries that take one. */
import type { Endpoint, EndpointHead, EndpointRequest, FieldValue } from './handles.ts'
import { piecesOf } from './read-stream.ts'

/** Headers that a permission lets through; a client's others are dropped, for the agent adds what is needed. */
const HEADERS = ['accept', 'content-type', 'if-match', 'if-none-match', 'last-event-id', 'range']

/** An answer up to this size is read at once, so that a client that ignores it leaves no stream open. */
const WHOLE_BYTES = 262_144

/** `fetch` as far as clients of services use it; the types of Node and browsers fit. */
export type FetchLike = (
  input: string | { readonly url: string } | { readonly href: string },
  init?: {
    readonly method?: string
    readonly headers?: unknown
    readonly body?: unknown
    readonly signal?: AbortSignal | null
  },
) => Promise<FetchAnswer>

/** What such a fetch resolves to: the global `Response`, as far as it is the same everywhere. */
export interface FetchAnswer {
  readonly ok: boolean
  readonly status: number
  readonly statusText: string
  readonly headers: { get(name: string): string | null; has(name: string): boolean }
  readonly body: AsyncIterable<Uint8Array> | null
  text(): Promise<string>
  json(): Promise<unknown>
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * A `fetch` whose requests go through a handle. Its type is the one that the client asks for.
 *
 * Shape: a redirect is an answer and is not followed. JSON and forms are written anew by the agent, other bodies go as
 * bytes. A large or endless body is read as it is consumed.
 * Throws: TypeError for an address that is not below `base`, CodedError as the handle does.
 *
 * @example
 * const fetch = asFetch(use.docker, { base: 'http://docker/v1.47' })
 * const answer = await fetch('http://docker/v1.47/containers/json')
 */
export function asFetch<F = FetchLike>(
  endpoint: Pick<Endpoint, 'open' | 'read' | 'close'>,
  options: {
    /** What the client puts before each path and the binding has already. */
    readonly base?: string
  } = {},
): F {
  const base = new URL(options.base ?? 'http://service')
  const fetch: FetchLike = async (input, init) => {
    const request = requestOf(input, init, base)
    const sent = await sentOf(request, base)
    request.signal.throwIfAborted()
    const opening = endpoint.open(sent)
    const head = await unlessAborted(request.signal, opening, ({ streamId }) =>
      endpoint.close(streamId),
    )
    const body = await bodyOf(endpoint, { ...head, method: request.method, signal: request.signal })
    const { status, statusText, headers } = head
    const response = new Response(body, { status, statusText, headers })
    return Object.defineProperty(response, 'url', { value: request.url })
  }
  return fetch as F
}

function requestOf(
  input: Parameters<FetchLike>[0],
  init: Parameters<FetchLike>[1],
  base: URL,
): Request {
  if (input instanceof Request) return new Request(input, init as RequestInit)
  const address = typeof input === 'string' ? input : 'href' in input ? input.href : input.url
  return new Request(new URL(address, base), init as RequestInit)
}

async function sentOf(request: Request, base: URL): Promise<EndpointRequest> {
  const url = new URL(request.url)
  const prefix = base.pathname.replace(/\/$/, '')
  if (url.origin !== base.origin || !url.pathname.startsWith(`${prefix}/`)) {
    throw new TypeError(`${url.origin}${url.pathname} is not below ${base.href}`)
  }
  const headers = HEADERS.flatMap((name) => {
    const value = request.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const content = await contentOf(request)
  const isBytes = 'bytes' in content
  return {
    method: request.method.toUpperCase(),
    path: url.pathname.slice(prefix.length),
    query: fieldsOf(url.searchParams),
    headers: Object.fromEntries(headers.filter(([name]) => isBytes || name !== 'content-type')),
    ...content,
  }
}

/** The body, as what it says it is. Why: where a route has constraints, the agent must understand the body. */
async function contentOf(
  request: Request,
): Promise<Pick<EndpointRequest, 'json' | 'form' | 'bytes'>> {
  if (request.body === null) return {}
  const bytes = new Uint8Array(await request.arrayBuffer())
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  const text = new TextDecoder().decode(bytes)
  if (type === 'application/x-www-form-urlencoded') {
    return { form: fieldsOf(new URLSearchParams(text)) }
  }
  return type === 'application/json' ? jsonOf(text, bytes) : { bytes }
}

function jsonOf(text: string, bytes: Uint8Array): Pick<EndpointRequest, 'json' | 'bytes'> {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return { bytes }
  }
}

function fieldsOf(params: URLSearchParams): Record<string, FieldValue[]> {
  const names = [...new Set(params.keys())]
  return Object.fromEntries(names.map((name) => [name, params.getAll(name)]))
}

interface Opened extends EndpointHead {
  readonly streamId: number
  readonly method: string
  readonly signal: AbortSignal
}

async function bodyOf(
  endpoint: Pick<Endpoint, 'read' | 'close'>,
  opened: Opened,
): Promise<ReadableStream | Uint8Array<ArrayBuffer> | null> {
  const { status, headers, method, streamId, signal } = opened
  if (method === 'HEAD' || [204, 205, 304].includes(status)) {
    await endpoint.close(streamId)
    return null
  }
  const size = Number(headers['content-length'] ?? Infinity)
  if (size <= WHOLE_BYTES) return wholeOf(endpoint, streamId)
  return streamOf(endpoint, streamId, signal)
}

async function wholeOf(
  endpoint: Pick<Endpoint, 'read'>,
  streamId: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of piecesOf(endpoint, streamId)) pieces.push(new Uint8Array(piece))
  return new Uint8Array(await new Blob(pieces).arrayBuffer())
}

/** Why nothing is read ahead: the service shall wait for the client. */
function streamOf(
  endpoint: Pick<Endpoint, 'read' | 'close'>,
  streamId: number,
  signal: AbortSignal,
): ReadableStream {
  const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
    const piece = await endpoint.read(streamId)
    if (signal.aborted) return
    if (piece === null) controller.close()
    else controller.enqueue(piece)
  }
  const start = (controller: ReadableStreamDefaultController): void => {
    const stop = (): void => {
      controller.error(signal.reason)
      void endpoint.close(streamId)
    }
    signal.addEventListener('abort', stop, { once: true })
  }
  const cancel = (): Promise<void> => endpoint.close(streamId)
  return new ReadableStream({ start, pull, cancel }, { highWaterMark: 0 })
}

/** Resolves as `work` does, or rejects when the signal is first; what comes too late is handed to `drop`. */
function unlessAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  drop: (late: T) => Promise<void>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error)
      work.then(drop).catch(() => undefined)
    }
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
