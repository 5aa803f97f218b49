// SPDX-License-Identifier: Apache-2.0
/** Permissions taken apart into single rights, so that two approvals can be compared right by right. */
import { describeBounds } from '@sallyport/sdk'
import type { ArgumentShape, Effect, Permission } from '@sallyport/sdk'
import { size, span } from './words.ts'

/** What one job type may do in one point. All texts are as the plugin's author wrote them; escape before showing. */
export interface Right {
  readonly job: string
  /** That of the job type; of a request that only looks, `read`. */
  readonly effect: Effect
  readonly kind: Permission['kind']
  /** What it is done on, `endpoint "pve"`; empty where the host itself is meant. */
  readonly on: string
  readonly verb: string
  readonly thing: string
  /** Bounds within which it may be done. */
  readonly bounds: readonly string[]
  /** Time and sizes. */
  readonly limits: string
}

/** What became of a right since the approval before; null when there was none to compare with. */
export type Change = 'same' | 'new' | 'changed' | 'gone' | null

/** A right, compared. */
export interface ComparedRight extends Right {
  readonly change: Change
  /** Bounds and limits before, where they changed. */
  readonly was: string
}

/** Job types with what they may do. */
export type JobRights = Readonly<
  Record<
    string,
    { readonly effect: Effect; readonly permissions: Readonly<Record<string, Permission>> }
  >
>

/** Every right of these job types. */
export function rightsOf(jobs: JobRights): Right[] {
  return Object.entries(jobs).flatMap(([job, { effect, permissions }]) =>
    Object.values(permissions).flatMap((permission) =>
      partsOf(permission).map((part) => ({
        job,
        effect,
        kind: permission.kind,
        on: '',
        bounds: [],
        limits: '',
        ...part,
      })),
    ),
  )
}

/** Every right there is now, marked by what it was before, and those that are gone. */
export function compareRights(now: JobRights, before?: JobRights): ComparedRight[] {
  const current = rightsOf(now)
  if (before === undefined) return current.map((right) => ({ ...right, change: null, was: '' }))
  const known = rightsOf(before)
  const take = (wanted: string, keyOf: (right: Right) => string): Right | undefined => {
    const at = known.findIndex((right) => keyOf(right) === wanted)
    return at < 0 ? undefined : known.splice(at, 1)[0]
  }
  // What is the same goes first, so that a right is paired with another only if both have no equal.
  const same = new Set(current.filter((right) => take(wholeKey(right), wholeKey) !== undefined))
  const compared = current.map((right): ComparedRight => {
    if (same.has(right)) return { ...right, change: 'same', was: '' }
    const other = take(coreKey(right), coreKey)
    if (other === undefined) return { ...right, change: 'new', was: '' }
    return { ...right, change: 'changed', was: boundsText(other) || 'without bounds' }
  })
  return [...compared, ...known.map((right) => ({ ...right, change: 'gone' as const, was: '' }))]
}

/** Bounds and limits of a right as one text. */
export function boundsText({ bounds, limits }: Pick<Right, 'bounds' | 'limits'>): string {
  return [...bounds, ...(limits === '' ? [] : [limits])].join('; ')
}

/** Why without the effect: it is the job type's, and is compared there. */
function wholeKey(right: Right): string {
  return JSON.stringify([coreKey(right), right.bounds, right.limits])
}

function coreKey({ job, kind, on, verb, thing }: Right): string {
  return JSON.stringify([job, kind, on, verb, thing])
}

type Part = Pick<Right, 'verb' | 'thing'> &
  Partial<Pick<Right, 'effect' | 'on' | 'bounds' | 'limits'>>

/** Source: RFC 9110, section 9.2.1: methods that ask for no change. */
const LOOKING = new Set(['GET', 'HEAD'])

function partsOf(permission: Permission): Part[] {
  switch (permission.kind) {
    case 'ask': {
      const where = permission.where === 'here' ? 'on this agent' : 'on the agent of its host'
      const bounds = [where, 'never beyond its own resources']
      return permission.jobTypes.map((thing) => ({ verb: 'ask for', thing, bounds }))
    }
    case 'connect':
      return [{ verb: 'connect to', thing: quoted(permission.binding) }]
    case 'endpoint':
      return routesOf(permission)
    case 'exec': {
      const { program, args, timeoutMs, maxOutputBytes } = permission
      const thing = [program, ...args.map(argumentText)].join(' ')
      const limits = `at most ${span(timeoutMs)}, ${size(maxOutputBytes)} of output`
      return [{ verb: 'run', thing, limits }]
    }
    case 'files.read':
      return permission.paths.map((path) => ({ verb: 'read files', thing: pathText(path) }))
    case 'files.write': {
      const limits = `at most ${size(permission.maxBytes)} each`
      const verb = 'write and remove files'
      return permission.paths.map((path) => ({ verb, thing: pathText(path), limits }))
    }
    case 'secret':
      return [{ verb: 'see the secret', thing: quoted(permission.binding) }]
    case 'ssh':
      return [{ verb: 'log in by SSH to', thing: quoted(permission.binding) }]
    case 'state': {
      const limits = `at most ${size(permission.maxBytes)}`
      return [{ verb: 'keep', thing: 'state of its own between jobs', limits }]
    }
  }
}

function routesOf(permission: Permission<'endpoint'>): Part[] {
  const { binding, routes, timeoutMs, maxBodyBytes, maxAnswerBytes } = permission
  const limits = `at most ${span(timeoutMs)}, ${size(maxBodyBytes)} sent, ${size(maxAnswerBytes)} received`
  return routes.map((scope) => {
    const [verb = '', thing = ''] = scope.route.split(/ (.*)/s)
    const on = `endpoint ${quoted(binding)}`
    const effect = LOOKING.has(verb) ? { effect: 'read' as const } : {}
    return { on, verb, thing, bounds: describeBounds(scope), limits, ...effect }
  })
}

/** `@exports/*.json` names what lies below a folder that the operator has bound. */
function pathText(path: string): string {
  if (!path.startsWith('@')) return path
  const at = path.indexOf('/')
  return `${path.slice(at + 1)} below folder ${quoted(path.slice(1, at))}`
}

function argumentText(argument: ArgumentShape): string {
  return typeof argument === 'string' ? argument : `<anything that matches ${argument.pattern}>`
}

function quoted(name: string): string {
  return JSON.stringify(name)
}
