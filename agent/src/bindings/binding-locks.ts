// SPDX-License-Identifier: Apache-2.0
/** Locks on bindings: which one a lock in the database holds for, and what a signed pin makes of it. */
import { pinText, type BindingLock, type EndpointBinding } from '@sallyport/core/plugins'
import type { Binding } from '@sallyport/core/plugins'
import type { BindingLockRow, BindingPins } from '@sallyport/core/runner'
import { changeBindings, type BindingsPlace } from './bindings-file.ts'
import { boundAs, type Bindings } from './bindings-form.ts'

/** Where locks are kept. Every method throws ERR_STORE_… when it cannot. */
export interface LockBook {
  find(pluginName: string, name: string): BindingLockRow | undefined
  /** Durable and on record when it returns. */
  put(lock: Omit<BindingLockRow, 'sinceMs'>): void
  /** Called within a transaction. */
  lift(pluginName: string, name: string): void
}

/**
 * What a binding is known by. It is another one as soon as the name is bound or pinned anew, even to the same.
 *
 * Why no hash of all of it: nothing of a credential leaves the vault, in whatever form.
 */
export function stampOf({ url, pin, boundAt, pinIssuedAt }: EndpointBinding): string {
  return JSON.stringify([url, pinText(pin), boundAt ?? null, pinIssuedAt ?? null])
}

/** The lock of a row, if it holds for this binding. */
export function lockIn(
  row: BindingLockRow | undefined,
  binding: Binding | undefined,
): BindingLock | undefined {
  if (row === undefined || !isPinnable(binding) || row.stamp !== stampOf(binding)) return undefined
  const { pinned, seen, sinceMs } = row
  return { pinned, seen, sinceMs }
}

/** Whether a binding is that of a service with a certificate. */
export function isPinnable(binding: Binding | undefined): binding is EndpointBinding {
  return binding?.kind === 'endpoint' && binding.pin.by !== 'none'
}

/** The bindings of a state directory, as signed pins change them. */
export function openBindingPins(place: BindingsPlace, locks: LockBook): BindingPins {
  return {
    async pin({ plugin, binding: name }, { sha256, issuedAt }, mayPin) {
      let standing: Parameters<typeof mayPin>[0]
      await changeBindings(place, (bindings) => {
        const found = boundAs(bindings, plugin, name)
        standing = isPinnable(found) ? standingOf(found, locks.find(plugin, name)) : undefined
        if (!mayPin(standing) || !isPinnable(found)) return bindings
        const pinned = {
          ...found,
          pin: { by: 'fingerprint', sha256 },
          pinIssuedAt: issuedAt,
        } as const
        return withBinding(bindings, { plugin, name }, pinned)
      })
      return standing
    },
    lift: ({ plugin, binding }) => locks.lift(plugin, binding),
  }
}

/** The bindings with another meaning of one name. */
export function withBinding(
  bindings: Bindings,
  { plugin, name }: { readonly plugin: string; readonly name: string },
  binding: Binding,
): Bindings {
  const names = Object.hasOwn(bindings, plugin) ? bindings[plugin]! : {}
  return { ...bindings, [plugin]: { ...names, [name]: binding } }
}

function standingOf(binding: EndpointBinding, row: BindingLockRow | undefined) {
  const lock = lockIn(row, binding)
  return {
    pinned: pinText(binding.pin),
    sinceMs: Math.max(msOf(binding.boundAt), lock?.sinceMs ?? Number.NEGATIVE_INFINITY),
    pinIssuedAtMs: msOf(binding.pinIssuedAt),
    isLocked: lock !== undefined,
  }
}

function msOf(instant: string | undefined): number {
  return instant === undefined ? Number.NEGATIVE_INFINITY : Date.parse(instant)
}
