// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with a permission that compiles. */
import { describePermission } from '../describe.ts'
import type { ArgumentShape, BoundScope, Permission, ProgramScope } from '../permission.ts'
import { HANDLE_NAME } from '../plugin.ts'
import { pathMatches } from '../scope.ts'
import { endpointFaults } from './endpoint-faults.ts'

/** `plugin/noun.verb`. */
const JOB_TYPE = /^[a-z][a-z0-9-]{0,31}\/[a-z][a-z0-9-]{0,31}(?:\.[a-z][a-z0-9-]{0,31}){0,3}$/

const MAX_PROGRAM_BYTES = 16_777_216
const MAX_STATE_BYTES = 16_777_216
const MAX_BODY_BYTES = 1_048_576
const MAX_ANSWER_BYTES = 1_073_741_824
const MAX_WRITE_BYTES = 16_777_216

/**
 * Faults of one permission in sentences; none when it is well formed. `timeoutMs` is the job's own, `resources` are
 * the names of what it acts on.
 */
export function permissionFaults(
  permission: Permission,
  timeoutMs: number,
  resources: readonly string[] = [],
): string[] {
  const faults = kindFaults(permission, timeoutMs, resources)
  if (faults.length > 0) return faults
  return describePermission(permission).trim() === '' ? ['it cannot be described'] : []
}

function kindFaults(
  permission: Permission,
  timeoutMs: number,
  resources: readonly string[],
): string[] {
  switch (permission.kind) {
    case 'ask':
      return askFaults(permission)
    case 'connect':
    case 'secret':
    case 'ssh':
      return bindingFaults(permission)
    case 'endpoint':
      return [
        ...endpointFaults(permission, resources),
        ...within('timeoutMs', permission.timeoutMs, 1, timeoutMs),
        ...within('maxBodyBytes', permission.maxBodyBytes, 0, MAX_BODY_BYTES),
        ...within('maxAnswerBytes', permission.maxAnswerBytes, 1, MAX_ANSWER_BYTES),
      ]
    case 'files.read':
      return pathsFaults(permission.paths)
    case 'files.write':
      return [
        ...pathsFaults(permission.paths),
        ...within('maxBytes', permission.maxBytes, 1, MAX_WRITE_BYTES),
      ]
    case 'exec':
      return programFaults(permission, timeoutMs)
    case 'state':
      return within('maxBytes', permission.maxBytes, 1, MAX_STATE_BYTES)
    default:
      return [`there is no kind ${JSON.stringify((permission as { kind?: unknown }).kind)}`]
  }
}

function bindingFaults({ binding }: BoundScope): string[] {
  const isName = typeof binding === 'string' && HANDLE_NAME.test(binding)
  return isName ? [] : [`the binding ${JSON.stringify(binding)} must match ${HANDLE_NAME}`]
}

function pathsFaults(paths: readonly string[]): string[] {
  if (!Array.isArray(paths) || paths.length === 0) return ['it names no path']
  return paths.flatMap((path) => {
    if (!isPlainPath(path) && !isBoundPath(path)) {
      return [`${JSON.stringify(path)} is not an absolute, normalised path, nor one like @name/…`]
    }
    const segments = path.slice(1).split('/')
    if (/^\*+$/.test(segments[0]!)) return [`${path} opens the whole file system`]
    const half = segments.filter((part) => part.includes('**') && part !== '**')
    return half.map((part) => `"${part}" in ${path}: ** stands for whole segments only`)
  })
}

function programFaults(scope: ProgramScope, timeoutMs: number): string[] {
  const faults: string[] = []
  if (!isPlainPath(scope.program) || scope.program.includes('*')) {
    faults.push(`${JSON.stringify(scope.program)} is not the absolute path of one program`)
  }
  faults.push(...scope.args.flatMap(argumentFaults))
  faults.push(...within('timeoutMs', scope.timeoutMs, 1, timeoutMs))
  return [...faults, ...within('maxOutputBytes', scope.maxOutputBytes, 1, MAX_PROGRAM_BYTES)]
}

function argumentFaults(shape: ArgumentShape): string[] {
  if (typeof shape === 'string') return shape.includes('\0') ? ['an argument holds a NUL'] : []
  try {
    const pattern = new RegExp(`^(?:${shape.pattern})$`, 'u')
    return pattern.test('-x') && pattern.test('--x=/y z')
      ? [`the pattern ${shape.pattern} lets any option through`]
      : []
  } catch {
    return [`${JSON.stringify(shape.pattern)} is not a pattern`]
  }
}

function isPlainPath(path: unknown): path is string {
  return typeof path === 'string' && path !== '/' && pathMatches(['/**'], path)
}

function isBoundPath(path: unknown): path is string {
  const folder = typeof path === 'string' ? /^@[^/]*(?=\/)/.exec(path)?.[0] : undefined
  return folder !== undefined && pathMatches([`${folder}/**`], path as string)
}

function askFaults({ jobTypes, where }: Permission<'ask'>): string[] {
  const faults = jobTypes.length === 0 ? ['it names no job type'] : []
  if (where !== 'here' && where !== 'host') faults.push(`where is ${JSON.stringify(where)}`)
  const odd = jobTypes.filter((type) => !JOB_TYPE.test(type))
  return [...faults, ...odd.map((type) => `${JSON.stringify(type)} is not like plugin/noun.verb`)]
}

/** A fault when a number is not an integer from `min` to `max`. */
export function within(name: string, value: number, min: number, max: number): string[] {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return []
  return [`${name} is ${value}, expected an integer from ${min} to ${max}`]
}
