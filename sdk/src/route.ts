// SPDX-License-Identifier: Apache-2.0
/** Routes of a bound service: their grammar, and the one reading of a request's path for broker, fakes and manifests. */
import type { RouteScope } from './permission.ts'
import type { Resources } from './resources.ts'
import {
  encodeText,
  parseSegment,
  piecesOf,
  readSegment,
  textFault,
  valueFault,
  writeSegment,
} from './segment.ts'
import type { BroughtValue, RouteParameter, RouteSegment } from './segment.ts'
import { suggestedSegments } from './suggested-segments.ts'

export type { RouteParameter, RoutePiece, RouteSegment, SegmentGrammar } from './segment.ts'

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

const ROUTE = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/.*)$/

/** Source: RFC 3986, section 3.3 ("pchar"). */
const RAW_SEGMENT = /^(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$/

/**
 * Reads a route such as `POST /nodes/{node}/qemu/{vmid}/status/start`.
 *
 * Trust: a resource that is named more than once has one value in all its places.
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
  const segments = parts.map((part) => parsedSegment(text, part))
  const twice = namedTwice(segments)
  if (twice !== undefined) throw fault(text, `it names {${twice}} twice`)
  return { method, segments, endsWithSlash }
}

function parsedSegment(route: string, part: string): RouteSegment {
  try {
    return parseSegment(part)
  } catch (error) {
    throw fault(route, (error as Error).message)
  }
}

/** Why a resource may be: each of its places is held against the same value of the job. */
function namedTwice(segments: readonly RouteSegment[]): string | undefined {
  const byName = Map.groupBy(segments.flatMap(parametersOf), ({ name }) => name)
  const twice = [...byName].find(
    ([, same]) => same.length > 1 && same.some(({ grammar }) => grammar !== 'resource'),
  )
  return twice?.[0]
}

function parametersOf(segment: RouteSegment): RouteParameter[] {
  return piecesOf(segment).flatMap((piece) => ('name' in piece ? [piece] : []))
}

/** Names of the resources that a route is bound to, each once. */
export function resourcesOfRoute({ segments }: Route): string[] {
  const bound = segments.flatMap(parametersOf).filter(({ grammar }) => grammar === 'resource')
  return [...new Set(bound.map(({ name }) => name))]
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
  const brought = route.method === request.method ? readPath(route, path) : undefined
  if (brought === undefined) return { ok: false }
  const params = new Map<string, string>()
  for (const value of brought.flat()) {
    const why = valueFault(value, resources) ?? otherFault(params.get(value.name), value)
    if (why !== undefined) return { ok: false, why }
    params.set(value.name, value.value)
  }
  const sent = route.segments.map((segment, at) => writeSegment(segment, brought[at]!))
  const text = `/${sent.join('/')}${route.endsWithSlash ? '/' : ''}`
  return { ok: true, path: text, params: Object.fromEntries(params) }
}

function otherFault(known: string | undefined, { name, value }: BroughtValue): string | undefined {
  if (known === undefined || known === value) return undefined
  return `{${name}} is ${JSON.stringify(known)} and then ${JSON.stringify(value)}`
}

/** A path in the one spelling in which it would be sent; undefined when no route could cover it. */
export function normalPath(path: unknown): string | undefined {
  const decoded = typeof path === 'string' ? decodePath(path) : { ok: false as const }
  if (!decoded.ok) return undefined
  return `/${decoded.values.map(encodeText).join('/')}${decoded.endsWithSlash ? '/' : ''}`
}

/** The route, bound to the job's resources where it can be, that would cover a request; undefined when none could. */
export function routeFor(
  request: { readonly method: string; readonly path: string },
  resources: Resources,
): string | undefined {
  const path = decodePath(request.path)
  if (!path.ok) return undefined
  const parts = suggestedSegments(path.values, resources)
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

/** What the segments of a path bring, segment by segment; undefined when its form is not the route's. */
function readPath(
  route: Route,
  path: Extract<DecodedPath, { ok: true }>,
): BroughtValue[][] | undefined {
  if (route.segments.length !== path.values.length) return undefined
  if (route.endsWithSlash !== path.endsWithSlash) return undefined
  const brought: BroughtValue[][] = []
  for (const [at, segment] of route.segments.entries()) {
    const values = readSegment(segment, path.values[at]!)
    if (values === undefined) return undefined
    brought.push(values)
  }
  return brought
}

function fault(route: string, why: string): TypeError {
  return new TypeError(`${JSON.stringify(route)} is no route: ${why}`)
}
