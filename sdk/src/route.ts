// SPDX-License-Identifier: Apache-2.0
/** Routes of a bound service: their grammar, and the one reading of a request's path for broker, fakes and manifests. */
import type { RouteScope } from './permission.ts'
import { HANDLE_NAME } from './plugin.ts'
import type { Resources } from './resources.ts'

/** What one segment of a route takes. A segment without a grammar is bound to the job's resource of its name. */
export type RouteSegment =
  | { readonly literal: string }
  | { readonly name: string; readonly grammar: SegmentGrammar | 'resource' }

/** A route, read. */
export interface Route {
  readonly method: string
  readonly segments: readonly RouteSegment[]
  readonly endsWithSlash: boolean
}

/** What became of a request: the path to send, or why this route does not cover it. */
export type RouteMatch =
  | {
      readonly ok: true
      readonly path: string
      readonly params: Readonly<Record<string, string>>
    }
  /** `why` is there when method and form fit and a value does not. */
  | { readonly ok: false; readonly why?: string }

/** Longest path of a request, percent-encoded. */
const MAX_PATH_LENGTH = 2_048
const MAX_TEXT_LENGTH = 256

/** The name of a grammar. */
export type SegmentGrammar = 'id' | 'number' | 'uuid' | 'hex' | 'text' | 'segment'

/** Grammars of segments that are no resource. `text` may hold encoded slashes; `segment` is a text without them. */
const GRAMMARS: Readonly<Record<SegmentGrammar, RegExp>> = {
  id: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  number: /^(?:0|[1-9][0-9]{0,17})$/,
  uuid: /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
  hex: /^[0-9A-Fa-f]{1,128}$/,
  text: /^[^]{1,256}$/u,
  segment: /^[^/]{1,256}$/u,
}

const ROUTE = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/.*)$/
const LITERAL = /^[A-Za-z0-9._~:@!$&'()*+,;=-]+$/
const PARAMETER = /^\{([^{}:]*)(?::([^{}:]*))?\}$/

/** Source: RFC 3986, section 3.3 ("pchar"). */
const RAW_SEGMENT = /^(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$/

/** What some service takes for `.`, `..` or nothing: also with white space around it or parameters behind it. */
const MOVING = /^\s*\.{0,2}\s*(?:;.*)?$/u

/** Control, format, private and unassigned characters, lone surrogates, and what ends a line. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Reads a route such as `POST /nodes/{node}/qemu/{vmid}/status/start`.
 *
 * Throws: TypeError that says what is wrong.
 *
 * @example
 * parseRoute('GET /tasks/{upid:segment}').segments // [{ literal: 'tasks' }, { name: 'upid', grammar: 'segment' }]
 */
export function parseRoute(text: string): Route {
  const [, method, path] = ROUTE.exec(text) ?? []
  if (method === undefined || path === undefined) throw fault(text, 'it is not METHOD /path')
  const parts = path.slice(1).split('/')
  const endsWithSlash = parts.length > 1 && parts.at(-1) === ''
  if (endsWithSlash || path === '/') parts.pop()
  const segments = parts.map((part) => parseSegment(text, part))
  const names = segments.flatMap((segment) => ('name' in segment ? [segment.name] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw fault(text, `it names {${twice}} twice`)
  return { method, segments, endsWithSlash }
}

function parseSegment(route: string, part: string): RouteSegment {
  const [, name, grammar = 'resource'] = PARAMETER.exec(part) ?? []
  if (name !== undefined) {
    if (!HANDLE_NAME.test(name)) throw fault(route, `{${name}} must match ${HANDLE_NAME}`)
    if (grammar !== 'resource' && !Object.hasOwn(GRAMMARS, grammar)) {
      throw fault(route, `there is no grammar "${grammar}", only ${Object.keys(GRAMMARS).join()}`)
    }
    if (part.endsWith(':resource}')) throw fault(route, 'a resource says no grammar')
    return { name, grammar: grammar as SegmentGrammar | 'resource' }
  }
  if (MOVING.test(part)) throw fault(route, 'it has an empty, . or .. segment')
  if (LITERAL.test(part)) return { literal: part }
  throw fault(route, `the segment ${JSON.stringify(part)} is neither plain text nor {name}`)
}

/** Names of the resources that a route is bound to. */
export function resourcesOfRoute({ segments }: Route): string[] {
  return segments.flatMap((segment) =>
    'name' in segment && segment.grammar === 'resource' ? [segment.name] : [],
  )
}

/**
 * Whether a route covers a request, and the path to send in place of the one that was asked for.
 *
 * Trust: `request` may be made up by a hostile plugin. Each segment is decoded once and strictly; what is sent is
 * built anew from the decoded values, so nothing of what was written goes out as it was.
 *
 * @example
 * matchRoute({ route: 'GET /qemu/{vmid}' }, { method: 'GET', path: '/qemu/10%31' }, new Map([['vmid', ['101']]]))
 * // { ok: true, path: '/qemu/101', params: { vmid: '101' } }
 */
export function matchRoute(
  scope: Pick<RouteScope, 'route'>,
  request: { readonly method: string; readonly path: string },
  resources: Resources,
): RouteMatch {
  const route = parseRoute(scope.route)
  const path = decodePath(request.path)
  if (!path.ok) return path
  if (route.method !== request.method || !hasForm(route, path)) return { ok: false }
  const sent: string[] = []
  const params: [string, string][] = []
  for (const [at, segment] of route.segments.entries()) {
    const value = path.values[at]!
    if ('literal' in segment) {
      sent.push(segment.literal)
      continue
    }
    const why = segmentFault(segment, value, resources)
    if (why !== undefined) return { ok: false, why }
    sent.push(encodeSegment(value))
    params.push([segment.name, value])
  }
  const text = `/${sent.join('/')}${route.endsWithSlash ? '/' : ''}`
  return { ok: true, path: text, params: Object.fromEntries(params) }
}

/** A path in the one spelling in which it would be sent; undefined when no route could cover it. */
export function normalPath(path: unknown): string | undefined {
  const decoded = typeof path === 'string' ? decodePath(path) : { ok: false as const }
  if (!decoded.ok) return undefined
  return `/${decoded.values.map(encodeSegment).join('/')}${decoded.endsWithSlash ? '/' : ''}`
}

/** The route, bound to the job's resources where it can be, that would cover a request; undefined when none could. */
export function routeFor(
  request: { readonly method: string; readonly path: string },
  resources: Resources,
): string | undefined {
  const path = decodePath(request.path)
  if (!path.ok) return undefined
  const names = [...resources.keys()]
  const parts = path.values.map((value) => {
    const name = names.find((each) => resources.get(each)!.includes(value))
    return name === undefined ? value : `{${name}}`
  })
  const text = `${request.method} /${parts.join('/')}${path.endsWithSlash ? '/' : ''}`
  try {
    return parseRoute(text) && text
  } catch {
    return undefined
  }
}

type DecodedPath =
  | { readonly ok: true; readonly values: readonly string[]; readonly endsWithSlash: boolean }
  | { readonly ok: false; readonly why: string }

/** Why a slash at the end is told apart: some services tell it apart, and no other segment may be empty. */
function decodePath(path: string): DecodedPath {
  if (path.length > MAX_PATH_LENGTH) return refuse(`it is longer than ${MAX_PATH_LENGTH}`)
  if (!path.startsWith('/')) return refuse('it does not begin with /')
  const parts = path.slice(1).split('/')
  const endsWithSlash = parts.length > 1 && parts.at(-1) === ''
  if (endsWithSlash || path === '/') parts.pop()
  const values: string[] = []
  for (const part of parts) {
    const value = decodeSegment(part)
    if (value === undefined)
      return refuse(`the segment ${JSON.stringify(part)} is not encoded well`)
    const why = textFault(value)
    if (why !== undefined) return refuse(`the segment ${JSON.stringify(part)} ${why}`)
    values.push(value)
  }
  return { ok: true, values, endsWithSlash }
}

function refuse(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why }
}

/** Source: ECMA-262, section 19.2.6.5 (Decode): invalid UTF-8, overlong forms and surrogates throw. */
function decodeSegment(part: string): string | undefined {
  if (!RAW_SEGMENT.test(part)) return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/**
 * Why a value is in no path, whatever the route. Looked at as written and in compatibility form, because some services
 * fold characters before they look for separators.
 * Source: Unicode Standard Annex 15, "Normalization Forms" (NFKC).
 */
function textFault(value: string): string | undefined {
  if (value.length > MAX_TEXT_LENGTH) return `is longer than ${MAX_TEXT_LENGTH}`
  if (UNPRINTABLE.test(value)) return 'holds an unprintable character'
  for (const text of [value, value.normalize('NFKC')]) {
    if (text.split('/').some((part) => MOVING.test(part))) return 'has an empty, . or .. part'
    if (text.includes('\\')) return 'holds a backslash'
    if (/%[0-9A-Fa-f]{2}/.test(text)) return 'is encoded twice'
  }
  return undefined
}

function hasForm(route: Route, path: Extract<DecodedPath, { ok: true }>): boolean {
  if (route.segments.length !== path.values.length) return false
  if (route.endsWithSlash !== path.endsWithSlash) return false
  return route.segments.every(
    (segment, at) => !('literal' in segment) || segment.literal === path.values[at],
  )
}

function segmentFault(
  segment: Extract<RouteSegment, { name: string }>,
  value: string,
  resources: Resources,
): string | undefined {
  const { name, grammar } = segment
  if (grammar === 'resource') {
    const values = resources.get(name) ?? []
    return values.includes(value) ? undefined : `${JSON.stringify(value)} is no ${name} of this job`
  }
  const compatible = value.normalize('NFKC')
  const isSafe = grammar === 'text' || !compatible.includes('/')
  if (GRAMMARS[grammar].test(value) && isSafe) return undefined
  return `${JSON.stringify(value)} is no ${grammar} for {${name}}`
}

/** Why two characters stay: every service reads them alike, and names of tasks and snapshots stay readable. */
function encodeSegment(value: string): string {
  return encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%40', '@')
}

function fault(route: string, why: string): TypeError {
  return new TypeError(`${JSON.stringify(route)} is no route: ${why}`)
}
