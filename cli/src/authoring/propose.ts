// SPDX-License-Identifier: Apache-2.0
/** The smallest permissions that cover what jobs were seen doing. Nothing here knows what a job may do unseen. */
import {
  argumentsMatch,
  ask,
  connect,
  endpoint,
  exec,
  files,
  matchRoute,
  pathMatches,
  routeFor,
  secret,
  ssh,
  state,
} from '@sallyport/sdk'
import type {
  ArgumentShape,
  Permission,
  PermissionKind,
  Permissions,
  RouteScope,
} from '@sallyport/sdk'
import { targetOf } from './handle-use.ts'
import type { HandleUse } from './handle-use.ts'
import { joinSegments } from './widen.ts'

/** How a proposal stands to what the code declares. */
export type Change = 'same' | 'narrower' | 'wider' | 'new'

/** What one handle needs. More than one permission where one cannot say it. */
export interface ProposedHandle {
  readonly handle: string
  readonly permissions: readonly Permission[]
  readonly change: Change
}

/** What one job type needs, and the handles it declares and did not use. */
export interface Proposal {
  readonly job: string
  readonly handles: readonly ProposedHandle[]
  readonly unused: readonly string[]
}

/** Proposes for one job type. `isJoining` lets paths that differ in one segment become a glob. */
export function propose(
  job: string,
  declared: Permissions,
  seen: { readonly uses: readonly HandleUse[]; readonly isJoining: boolean },
): Proposal {
  const byHandle = Map.groupBy(seen.uses, ({ handle }) => handle)
  const handles = [...byHandle].flatMap(([handle, uses]) => {
    const before = declared[handle]
    const kind = kindOf(before, uses)
    if (kind === undefined) return []
    const known = before?.kind === kind ? before : undefined
    const permissions = BUILDERS[kind](known as never, { handle, uses, isJoining: seen.isJoining })
    return [{ handle, permissions, change: changeOf(known, permissions, uses) }]
  })
  const unused = Object.keys(declared).filter((handle) => !byHandle.has(handle))
  return { job, handles, unused }
}

/** Whether a permission covers a use. */
export function covers(permission: Permission, use: HandleUse): boolean {
  const target = targetOf(use)
  switch (permission.kind) {
    case 'files.read':
    case 'files.write':
      return pathMatches(permission.paths, target)
    case 'exec':
      return argumentsMatch(permission.args, textsOf(use.args[0]))
    case 'endpoint':
      return permission.routes.some((route) => routeCovers(route, use))
    case 'ask':
      return permission.jobTypes.includes(target)
    default:
      return true
  }
}

/** Whether one route of a permission covers a use. */
export function routeCovers(route: RouteScope, use: HandleUse): boolean {
  const request = requestOf(use)
  // Reading on in a stream names no route; the request that opened it does.
  return request === undefined || matchRoute(route, request, resourcesOf(use)).ok
}

interface Seen {
  readonly handle: string
  readonly uses: readonly HandleUse[]
  readonly isJoining: boolean
}

type Builder<K extends PermissionKind> = (
  declared: Permission<K> | undefined,
  seen: Seen,
) => Permission<K>[]

const BUILDERS: { readonly [K in PermissionKind]: Builder<K> } = {
  ask: (declared, { uses }) => [ask(targets(uses), { where: declared?.where ?? 'here' })],
  connect: (declared, { handle }) => [declared ?? connect(handle)],
  secret: (declared, { handle }) => [declared ?? secret(handle)],
  ssh: (declared, { handle }) => [declared ?? ssh(handle)],
  state: (declared) => [declared ?? state()],
  'files.read': (_, seen) => [files.read(...paths(seen))],
  'files.write': (declared, seen) => [files.write(paths(seen), declared)],
  exec: (declared, { uses }) =>
    [...Map.groupBy(uses, ({ args }) => textsOf(args[0]).length).values()].map((same) =>
      exec(declared?.program ?? '/path/to/program', shapesOf(declared, same), declared),
    ),
  endpoint: (declared, { handle, uses, isJoining }) => [
    endpoint(declared?.binding ?? handle, routesOf(declared, uses, isJoining), declared),
  ],
}

function paths({ uses, isJoining }: Seen): string[] {
  const plain = targets(uses)
  return isJoining ? joinSegments(plain, '*') : plain
}

/** At each place the text that always stood there, the declared shape where it fits, else all that were seen. */
function shapesOf(
  declared: Permission<'exec'> | undefined,
  uses: readonly HandleUse[],
): ArgumentShape[] {
  const lists = uses.map(({ args }) => textsOf(args[0]))
  return lists[0]!.map((_, at) => {
    const texts = [...new Set(lists.map((list) => list[at]!))].sort()
    if (texts.length === 1) return texts[0]!
    const shape = declared?.args.length === lists[0]!.length ? declared.args[at] : undefined
    const isFitting = shape !== undefined && texts.every((text) => argumentsMatch([shape], [text]))
    return isFitting ? shape : { pattern: texts.map(escapePattern).join('|') }
  })
}

/** A text as a pattern that matches it alone. Source: ECMA-262, section 22.2.1 ("SyntaxCharacter"). */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

/** Declared routes with their constraints as far as they were used, and a new one for each other request. */
function routesOf(
  declared: Permission<'endpoint'> | undefined,
  uses: readonly HandleUse[],
  isJoining: boolean,
): RouteScope[] {
  const used = (declared?.routes ?? []).filter((route) =>
    uses.some((use) => requestOf(use) !== undefined && routeCovers(route, use)),
  )
  const others = uses
    .filter((use) => !used.some((route) => routeCovers(route, use)))
    .flatMap((use) => {
      const request = requestOf(use)
      return request === undefined ? [] : (routeFor(request, resourcesOf(use)) ?? [])
    })
  const fresh = [...new Set(others)].sort()
  const routes = isJoining ? joinSegments(fresh, '{part:segment}') : fresh
  return [...used, ...routes.map((route) => ({ route }))]
}

function requestOf({ args }: HandleUse): { method: string; path: string } | undefined {
  const { method, path } = (args[0] ?? {}) as { method?: unknown; path?: unknown }
  return typeof method === 'string' && typeof path === 'string' ? { method, path } : undefined
}

function resourcesOf({ resources }: HandleUse): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(resources))
}

function targets(uses: readonly HandleUse[]): string[] {
  return [...new Set(uses.map(targetOf))].filter((target) => target !== '').sort()
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** The declared kind; of a handle that is not declared, what its fake is or what its methods are of. */
function kindOf(
  declared: Permission | undefined,
  uses: readonly HandleUse[],
): PermissionKind | undefined {
  const seen = uses.map(({ kind }) => kind).find((kind) => Object.hasOwn(BUILDERS, kind))
  return (seen as PermissionKind | undefined) ?? declared?.kind ?? kindOfMethods(uses)
}

const METHODS: Readonly<Record<string, PermissionKind>> = {
  text: 'files.read',
  bytes: 'files.read',
  list: 'files.read',
  write: 'files.write',
  remove: 'files.write',
  request: 'endpoint',
  get: 'state',
  set: 'state',
  keys: 'state',
}

function kindOfMethods(uses: readonly HandleUse[]): PermissionKind | undefined {
  return uses.map(({ method }) => METHODS[method]).find((kind) => kind !== undefined)
}

function changeOf(
  declared: Permission | undefined,
  proposed: readonly Permission[],
  uses: readonly HandleUse[],
): Change {
  if (declared === undefined) return 'new'
  if (proposed.length === 1 && sortedJson(proposed[0]) === sortedJson(declared)) return 'same'
  return uses.every((use) => covers(declared, use)) ? 'narrower' : 'wider'
}

/** Why sorted: a set of paths or routes says the same in any order. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (Array.isArray(each)) return each.map((item) => JSON.stringify(item)).sort()
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
