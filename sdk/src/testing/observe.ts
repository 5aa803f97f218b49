// SPDX-License-Identifier: Apache-2.0
/** Lets a program around the tests see what jobs do with their handles: `sallyport plugin learn` and `unused`. */
import type { Permissions } from '../permission.ts'
import type { Resources } from '../resources.ts'
import { leads } from './fake.ts'

/** One call of a handle in a test. */
export interface ObservedUse {
  readonly plugin: string
  readonly job: string
  readonly handle: string
  readonly kind: string
  readonly method: string
  readonly args: readonly unknown[]
  /** The path that a file's name leads to, where it is another one. */
  readonly leadsTo?: string | undefined
  readonly resources: Readonly<Record<string, readonly string[]>>
}

/** Who listens to the runs of tests. */
export interface RunListener {
  started(plugin: string, job: string): void
  used(use: ObservedUse): void
}

/** Where a listener stands. Why a registered symbol: the one who listens may have another copy of this package. */
const LISTENER = Symbol.for('sallyport.testing.listener')

/** The listener of this process, if it has one. */
export function runListener(): RunListener | undefined {
  return (globalThis as Record<symbol, RunListener | undefined>)[LISTENER]
}

/** What is observed, and who hears it. */
export interface ObservedRun {
  readonly plugin: string
  readonly job: string
  readonly permissions: Permissions
  readonly resources: Resources
  readonly listener: RunListener
}

/**
 * The handles of a test, each under no permission, reporting every call.
 *
 * Why nothing is refused: behind a fake nothing can be harmed, and a job that is stopped at its first call shows no
 * second one.
 */
export function observedHandles(run: ObservedRun, given: object): Record<string, unknown> {
  const { plugin, job, permissions, listener } = run
  const resources = Object.fromEntries(run.resources)
  const handles = Object.entries(given).map(([handle, real]: [string, unknown]) => {
    const fake = (typeof real === 'object' && real !== null ? real : {}) as Observable
    const kind = String(fake['kind'] ?? permissions[handle]?.kind ?? 'unknown')
    const about = { plugin, job, handle, kind, resources }
    const observed = new Proxy(fake, {
      get(target, method, receiver) {
        const member: unknown = Reflect.get(target, method, receiver)
        if (typeof member !== 'function' || typeof method !== 'string') return member
        return (...args: unknown[]): unknown => {
          listener.used({ ...about, method, args, leadsTo: whereTo(fake, args[0]) })
          return Reflect.apply(member, target, args)
        }
      },
    })
    return [handle, observed]
  })
  return Object.freeze(Object.fromEntries(handles)) as Record<string, unknown>
}

type Observable = Record<string, unknown> & { [leads]?: (path: string) => string }

function whereTo(fake: Observable, path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined
  const resolved = fake[leads]?.(path)
  return resolved === path ? undefined : resolved
}
