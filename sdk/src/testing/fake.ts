// SPDX-License-Identifier: Apache-2.0
/** What all fake handles share: a record of calls, and a permission they obey. */
import { CodedError, isCodedError } from '../errors.ts'
import type { Permission, PermissionKind, PermissionKinds } from '../permission.ts'
import type { Resources } from '../resources.ts'

/** One call a job made on a fake handle; `code` is there when the call was refused or failed. */
export interface FakeCall {
  readonly method: string
  readonly target: string
  readonly code?: string
}

/** How `runJob` puts a fake under the permission of the job it runs. */
export const obey: unique symbol = Symbol('obey')

/** How a step that only looks has a call written down that it refuses. */
export const deny: unique symbol = Symbol('deny')

/** How a fake of files says where a path leads to. */
export const leads: unique symbol = Symbol('leads')

/** A fake handle: the handle itself, its calls so far, and the kind of permission it stands for. */
export type Fake<K extends PermissionKind> = PermissionKinds[K]['handle'] & {
  readonly kind: K
  readonly calls: readonly FakeCall[]
  /** The same fake under a permission, for a job with these resources: what that does not allow is refused with ERR_HANDLE_DENIED. */
  [obey](permission: Permission<K>, resources?: Resources): PermissionKinds[K]['handle']
  /** Writes a refused call down and throws why. */
  [deny](method: string, args: readonly unknown[], error: unknown): Promise<never>
}

/** Makes a fake from the function that opens its handle under a permission, or under none. */
export function makeFake<K extends PermissionKind>(
  kind: K,
  open: (
    record: Recorder,
    permission?: Permission<K>,
    resources?: Resources,
  ) => PermissionKinds[K]['handle'],
): Fake<K> {
  const calls: FakeCall[] = []
  const record = recorderOf(calls)
  const obeying = (permission: Permission<K>, resources?: Resources) =>
    open(record, permission, resources)
  const denying = (method: string, args: readonly unknown[], error: unknown): Promise<never> =>
    record(method, targetOf(args), () => {
      throw error
    })
  const own = { kind, calls, [obey]: obeying, [deny]: denying }
  return Object.assign(own, open(record))
}

function targetOf([first]: readonly unknown[]): string {
  if (Array.isArray(first)) return first.join(' ')
  if (typeof first !== 'object' || first === null) return String(first ?? '')
  const { method, path } = first as { method?: unknown; path?: unknown }
  return `${String(method)} ${String(path)}`
}

/** Runs the body of one call and writes down how it ended. */
export type Recorder = <T>(method: string, target: string, body: () => T) => Promise<T>

function recorderOf(calls: FakeCall[]): Recorder {
  return async (method, target, body) => {
    try {
      const value = body()
      calls.push({ method, target })
      return value
    } catch (error) {
      calls.push({ method, target, code: isCodedError(error) ? error.code : 'unknown' })
      throw error
    }
  }
}

/** The refusal of a handle. */
export function denied(what: string): CodedError {
  return new CodedError('ERR_HANDLE_DENIED', `the permission does not allow ${what}`)
}

/** Bytes of a text as UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
