// SPDX-License-Identifier: Apache-2.0
/** The handles of a test in one step of a job. */
import { CodedError } from '../errors.ts'
import type { Step } from '../job-type.ts'
import { expectLook } from '../look.ts'
import type { Permission, Permissions } from '../permission.ts'
import type { Resources } from '../resources.ts'
import { deny, obey } from './fake.ts'
import type { Fake } from './fake.ts'

type AnyFake = Fake<Permission['kind']>

/** What the handles of one step are opened for. */
export interface TestStep {
  readonly step: Step
  readonly permissions: Permissions
  readonly resources: Resources
}

/** Each given handle under the permission of its name; in every step but `run` it looks and no more. Throws: ERR_HANDLE_MISSING. */
export function handlesIn(
  { step, permissions, resources }: TestStep,
  given: object,
): Record<string, unknown> {
  const handles: Record<string, unknown> = {}
  for (const [name, permission] of Object.entries(permissions)) {
    const handle: unknown = (given as Record<string, unknown>)[name]
    if (typeof handle !== 'object' || handle === null) {
      throw new CodedError('ERR_HANDLE_MISSING', `the test gives no handle "${name}"`)
    }
    const opened = isFake(handle) ? underPermission(name, handle, permission, resources) : handle
    handles[name] = step === 'run' ? opened : looking(opened, { step, name, permission, handle })
  }
  return Object.freeze(handles)
}

function isFake(handle: object): handle is AnyFake {
  return obey in handle
}

function underPermission(
  name: string,
  fake: AnyFake,
  permission: Permission,
  resources: Resources,
): object {
  if (fake.kind === permission.kind) return fake[obey](permission, resources)
  throw new CodedError(
    'ERR_HANDLE_MISSING',
    `handle "${name}" is ${permission.kind}, the fake is ${fake.kind}`,
  )
}

/** Why a proxy over nothing: a test may freeze its handle, and its methods could not be replaced then. */
function looking(
  opened: object,
  about: {
    readonly step: Step
    readonly name: string
    readonly permission: Permission
    readonly handle: object
  },
): object {
  const { step, name, permission, handle } = about
  const get = (_: object, method: string | symbol): unknown => {
    const member: unknown = Reflect.get(opened, method)
    if (typeof member !== 'function' || typeof method !== 'string') return member
    return async (...args: unknown[]): Promise<unknown> => {
      try {
        expectLook(step, name, { kind: permission.kind, method, args })
      } catch (error) {
        if (isFake(handle)) await handle[deny](method, args, error)
        throw error
      }
      return Reflect.apply(member, opened, args) as unknown
    }
  }
  return new Proxy({}, { get })
}
