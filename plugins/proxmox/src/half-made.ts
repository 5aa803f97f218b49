// SPDX-License-Identifier: GPL-3.0-or-later
/** Guests that were begun and not finished: they are named with what is done, what is not, and how to go on. */
import { isCodedError } from '@sallyport/sdk'
import { pveFailed } from './errors.ts'
import { findGuestIfAny } from './guest-ref.ts'
import type { GuestRef } from './guest-ref.ts'
import type { Pve } from './pve.ts'
import { lineOf } from './values.ts'

/** How far a guest is. */
export interface Progress {
  readonly done: readonly string[]
  readonly missing: readonly string[]
}

/** The failure for a guest that is there and not finished. */
export function halfMade(guest: GuestRef, progress: Progress, cause: unknown): Error {
  const { node, vmid } = guest
  const why = isCodedError(cause) ? lineOf(cause.message) : 'the run was interrupted'
  const [done, missing] = [progress.done.join(', '), progress.missing.join(', ')]
  return pveFailed(
    'ERR_PVE_HALF_MADE',
    `guest ${vmid} on ${node} is half made: done: ${done || 'begun'}; missing: ${missing}; because: ${why}; finish it by hand, or remove it with proxmox/guest.delete node=${node} vmid=${vmid} and begin anew`,
    { details: { node, vmid, ...progress, effect: 'unknown' }, cause },
  )
}

/** Does one step; when it fails and the guest is there by then, the failure names it. */
export async function orHalfMade<T>(
  at: { readonly pve: Pve; readonly guest: GuestRef; readonly progress: Progress },
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (!isCodedError(error) || error.code === 'ERR_PVE_HALF_MADE') throw error
    const isThere = await findGuestIfAny(at.pve, at.guest).catch(() => undefined)
    if (isThere === undefined) throw error
    throw halfMade(at.guest, at.progress, error)
  }
}
