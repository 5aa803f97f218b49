// SPDX-License-Identifier: Apache-2.0
/** Permissions: named, typed holes in the wall around a plugin. Plain data that an operator reads and approves. */
import type { FileReader, ProgramRunner, StateStore } from './handles.ts'

/**
 * The kinds of permission and, for each, the scope an operator reads and the handle a job gets.
 * A new kind is one member here, one constructor below and one file in the agent's broker.
 */
export interface PermissionKinds {
  'files.read': { scope: { readonly paths: readonly string[] }; handle: FileReader }
  exec: { scope: ProgramScope; handle: ProgramRunner }
  state: { scope: { readonly maxBytes: number }; handle: StateStore }
}

/** The name of a permission kind. */
export type PermissionKind = keyof PermissionKinds

/** One permission as plain data: its kind and its scope. */
export type Permission<K extends PermissionKind = PermissionKind> = {
  [Kind in K]: { readonly kind: Kind } & PermissionKinds[Kind]['scope']
}[K]

/** What a job type may touch: the name of each handle and the permission behind it. */
export type Permissions = Readonly<Record<string, Permission>>

/** The handle that a permission opens. */
export type HandleOf<P extends Permission> = PermissionKinds[P['kind']]['handle']

/** All handles of a set of permissions, by name. */
export type Handles<P extends Permissions> = { readonly [Name in keyof P]: HandleOf<P[Name]> }

/** One approved argument: exactly this text, or any text that one whole-match pattern accepts. */
export type ArgumentShape = string | { readonly pattern: string }

/** Which program an `exec` permission may run, and how. */
export interface ProgramScope {
  readonly program: string
  readonly args: readonly ArgumentShape[]
  readonly timeoutMs: number
  readonly maxOutputBytes: number
}

/** Constructors of file permissions. */
export const files = {
  /**
   * May read files whose resolved path matches one of these absolute globs (`*` one segment, `**` any number).
   *
   * @example
   * files.read('/sys/class/hwmon/**', '/sys/devices/**')
   */
  read: (...paths: readonly string[]): Permission<'files.read'> => ({ kind: 'files.read', paths }),
}

/**
 * May run one program, by absolute path, with arguments of exactly this shape.
 *
 * @example
 * exec('/usr/bin/sensors', ['-j'], { timeoutMs: 5_000 })
 */
export function exec(
  program: string,
  args: readonly ArgumentShape[],
  limits: { timeoutMs?: number; maxOutputBytes?: number } = {},
): Permission<'exec'> {
  const { timeoutMs = 10_000, maxOutputBytes = 1_048_576 } = limits
  return { kind: 'exec', program, args, timeoutMs, maxOutputBytes }
}

/**
 * May keep small values of its own between jobs, up to `maxBytes` in all.
 *
 * @example
 * state({ maxBytes: 65_536 })
 */
export function state(limits: { maxBytes?: number } = {}): Permission<'state'> {
  return { kind: 'state', maxBytes: limits.maxBytes ?? 65_536 }
}
