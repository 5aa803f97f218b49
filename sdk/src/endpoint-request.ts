// SPDX-License-Identifier: Apache-2.0
/** Decides about one request to a bound service and writes it as it goes out, for the broker and for the fakes alike. */
import { bodyFault, flatFault, nameFault } from './constraints.ts'
import type { FlatFields } from './constraints.ts'
import type { EndpointRequest, FieldValue } from './handles.ts'
import type { EndpointScope, FieldScope, RouteScope } from './permission.ts'
import type { Resources } from './resources.ts'
import { matchRoute, routeFor } from './route.ts'

/** A request as it goes out, but for what the binding adds. Nothing in it was written by the plugin as it stands. */
export interface OutgoingRequest {
  readonly method: string
  /** With query, below the bound address. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

/** Whether a request may go out. */
export type RequestDecision =
  | { readonly allowed: true; readonly request: OutgoingRequest; readonly route: string }
  | { readonly allowed: false; readonly code: RequestFault; readonly why: string }

/** What can be wrong with a request before it is sent. */
export type RequestFault = 'ERR_ARGUMENT_FORM' | 'ERR_HANDLE_DENIED' | 'ERR_LIMIT'

const MEMBERS: ReadonlySet<string> = new Set([
  'method',
  'path',
  'query',
  'headers',
  'json',
  'form',
  'bytes',
])
const HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'if-match',
  'if-none-match',
  'last-event-id',
  'range',
])
const MAX_HEADER_LENGTH = 1_024
const MAX_QUERY_LENGTH = 8_192
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json$/
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** The form of a request, read. */
type Parsed =
  | { readonly ok: true; readonly request: EndpointRequest }
  | { readonly ok: false; readonly code: RequestFault; readonly why: string }

/**
 * Decides whether a permission covers a request and writes down what is to be sent.
 *
 * Trust: `given` may be made up by a hostile plugin. The constraints of every route that covers the path hold, so a
 * wider route beside a narrow one opens nothing. A part (query, body) without constraints must be empty where the
 * other has some, because many services read both as one.
 * Time: patterns are the operator's, values the plugin's; the caller bounds the time.
 *
 * @example
 * decideRequest(endpoint('pve', ['GET /version']), { method: 'GET', path: '/version' }, new Map()).allowed // true
 */
export function decideRequest(
  scope: EndpointScope,
  given: unknown,
  resources: Resources,
): RequestDecision {
  const parsed = parseRequest(given)
  if (!parsed.ok) return { allowed: false, code: parsed.code, why: parsed.why }
  const { request } = parsed
  const covered = coveringRoutes(scope, request, resources)
  if (!('path' in covered)) return denied(covered.why)
  const query = request.query ?? {}
  for (const route of covered.routes) {
    const why = partFault(route, request, resources)
    if (why !== undefined) return denied(`${route.route}: ${why}`)
  }
  return write(scope, { ...request, query }, covered)
}

interface Covered {
  readonly path: string
  readonly routes: readonly RouteScope[]
}

function coveringRoutes(
  scope: EndpointScope,
  request: EndpointRequest,
  resources: Resources,
): Covered | { readonly why: string } {
  const matches = scope.routes.map((route) => ({
    route,
    match: matchRoute(route, request, resources),
  }))
  const routes = matches.filter(({ match }) => match.ok).map(({ route }) => route)
  const first = matches.find(({ match }) => match.ok)?.match
  if (first?.ok === true) return { path: first.path, routes }
  const asked = `${request.method} ${request.path.slice(0, 256)}`
  const near = matches.flatMap(({ match }) => (!match.ok && match.why ? [match.why] : []))
  if (near.length > 0) return { why: `${asked}: ${[...new Set(near)].join('; ')}` }
  return { why: `${asked} is no route of "${scope.binding}"${remedy(scope, request, resources)}` }
}

function remedy(scope: EndpointScope, request: EndpointRequest, resources: Resources): string {
  const route = routeFor(request, resources)
  return route === undefined ? '' : `; endpoint('${scope.binding}', ['${route}']) would allow it`
}

/** Reads what may be anything; copies nothing that is not known. */
function parseRequest(given: unknown): Parsed {
  if (!isRecord(given)) return malformed('the request is not an object')
  const unknown = Object.keys(given).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) return malformed(`a request has no ${JSON.stringify(unknown)}`)
  const { method, path, query, headers, json, form, bytes } = given
  if (typeof method !== 'string' || !/^[A-Z]{1,16}$/.test(method)) {
    return malformed('method is not a method in capital letters')
  }
  if (typeof path !== 'string') return malformed('path is not a text')
  if ([json, form, bytes].filter((body) => body !== undefined).length > 1) {
    return malformed('a request has one body at most')
  }
  if (query !== undefined && !isFlat(query)) return malformed('query holds no plain fields')
  if (form !== undefined && !isFlat(form)) return malformed('form holds no plain fields')
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) return malformed('bytes are no bytes')
  const hasBody = json !== undefined || form !== undefined || bytes !== undefined
  if (hasBody && (method === 'GET' || method === 'HEAD')) {
    return { ok: false, code: 'ERR_HANDLE_DENIED', why: `${method} has no body` }
  }
  const taken = readHeaders(headers)
  if (!taken.ok) return taken
  const body = {
    ...(query !== undefined && { query }),
    ...(json !== undefined && { json }),
    ...(form !== undefined && { form }),
    ...(bytes !== undefined && { bytes }),
  }
  return { ok: true, request: { method, path, headers: taken.headers, ...body } }
}

function malformed(why: string): { readonly ok: false; code: 'ERR_ARGUMENT_FORM'; why: string } {
  return { ok: false, code: 'ERR_ARGUMENT_FORM', why }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isFlat(value: unknown): value is FlatFields {
  if (!isRecord(value)) return false
  return Object.values(value).every((field) =>
    Array.isArray(field) ? field.every(isFieldValue) : isFieldValue(field),
  )
}

/** Why well-formed: a lone surrogate cannot be written, and a NUL ends a text for some services. */
function isFieldValue(value: unknown): value is FieldValue {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

function readHeaders(
  given: unknown = {},
):
  | { readonly ok: true; readonly headers: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly code: RequestFault; readonly why: string } {
  if (!isRecord(given)) return malformed('headers is not an object')
  const headers = new Map<string, string>()
  for (const [written, value] of Object.entries(given)) {
    const name = written.toLowerCase()
    if (!HEADERS.has(name)) {
      const why = `the header ${JSON.stringify(written)} is none of ${[...HEADERS].join(', ')}`
      return { ok: false, code: 'ERR_HANDLE_DENIED', why }
    }
    if (headers.has(name)) return malformed(`the header ${name} is there twice`)
    const isLine = typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)
    if (!isLine || value.length > MAX_HEADER_LENGTH) return malformed(`${name} is not a plain line`)
    headers.set(name, value)
  }
  return { ok: true, headers: Object.fromEntries(headers) }
}

/** Why the query or the body of a request is refused by one route. */
function partFault(
  { query, body }: RouteScope,
  request: EndpointRequest,
  resources: Resources,
): string | undefined {
  const flat = [...Object.keys(request.query ?? {}), ...Object.keys(request.form ?? {})]
  const odd = flat.map(nameFault).find((why) => why !== undefined)
  if (odd !== undefined) return odd
  return (
    queryFault({ query, isClosed: body !== undefined }, request, resources) ??
    contentFault({ body, isClosed: query !== undefined }, request, resources)
  )
}

function queryFault(
  part: { readonly query: FieldScope | undefined; readonly isClosed: boolean },
  { query = {} }: EndpointRequest,
  resources: Resources,
): string | undefined {
  if (part.query !== undefined) {
    const why = flatFault(part.query, query, resources)
    return why === undefined ? undefined : `in the query, ${why}`
  }
  const isEmpty = Object.keys(query).length === 0
  return part.isClosed && !isEmpty
    ? 'a route with constraints on its body takes no query, unless it says which'
    : undefined
}

function contentFault(
  part: { readonly body: FieldScope | undefined; readonly isClosed: boolean },
  { json, form, bytes }: EndpointRequest,
  resources: Resources,
): string | undefined {
  const isEmpty = json === undefined && form === undefined && bytes === undefined
  if (part.body === undefined) {
    return part.isClosed && !isEmpty
      ? 'a route with constraints on its query takes no body, unless it says which'
      : undefined
  }
  if (bytes !== undefined) return 'a body with constraints is json or form, not bytes'
  if (json !== undefined) return bodyFault(part.body, json, resources)
  const why = flatFault(part.body, form ?? {}, resources)
  return why === undefined ? undefined : `in the body, ${why}`
}

/** Writes path, query, headers and body as they go out. */
function write(scope: EndpointScope, request: EndpointRequest, covered: Covered): RequestDecision {
  const query = writeFields(request.query ?? {})
  if (query.length > MAX_QUERY_LENGTH)
    return tooMuch(`the query is longer than ${MAX_QUERY_LENGTH}`)
  const content = writeBody(request)
  if ('why' in content) return denied(content.why)
  if ((content.body?.length ?? 0) > scope.maxBodyBytes) {
    return tooMuch(`the body has more than ${scope.maxBodyBytes} bytes`)
  }
  const { 'content-type': _, ...headers } = request.headers ?? {}
  const path = query === '' ? covered.path : `${covered.path}?${query}`
  return {
    allowed: true,
    route: covered.routes[0]!.route,
    request: {
      method: request.method,
      path,
      headers: { ...headers, ...(content.type !== undefined && { 'content-type': content.type }) },
      body: content.body,
    },
  }
}

function writeBody({
  json,
  form,
  bytes,
  headers = {},
}: EndpointRequest):
  | { readonly body: Uint8Array | undefined; readonly type: string | undefined }
  | { readonly why: string } {
  const type = headers['content-type']
  if (json !== undefined) {
    if (type !== undefined && !JSON_TYPE.test(type)) return { why: `${type} is no type of JSON` }
    const text = JSON.stringify(json) as string | undefined
    if (text === undefined) return { why: 'the body is no JSON' }
    return { body: new TextEncoder().encode(text), type: type ?? 'application/json' }
  }
  if (form !== undefined) {
    if (type !== undefined && type !== FORM_TYPE) return { why: `${type} is no type of a form` }
    return { body: new TextEncoder().encode(writeFields(form)), type: FORM_TYPE }
  }
  if (bytes !== undefined) return { body: bytes, type: type ?? 'application/octet-stream' }
  return { body: undefined, type: undefined }
}

/** Source: WHATWG URL Standard, section 5.2 ("application/x-www-form-urlencoded serializing"), spaces as %20. */
function writeFields(fields: FlatFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      const values = (Array.isArray(value) ? value : [value]) as readonly FieldValue[]
      return values.map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each))}`)
    })
    .join('&')
}

function denied(why: string): RequestDecision {
  return { allowed: false, code: 'ERR_HANDLE_DENIED', why }
}

function tooMuch(why: string): RequestDecision {
  return { allowed: false, code: 'ERR_LIMIT', why }
}
