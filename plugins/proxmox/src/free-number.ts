// SPDX-License-Identifier: GPL-3.0-or-later
/** Whether a number is free for a new guest, without seeing who has it. */
import { isCodedError, route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { pveFailed } from './errors.ts'
import type { Pve } from './pve.ts'

/** The route that `isFree` needs; `resource` is the one that names the number. */
export function freeNumberRoute(resource: string): RouteScope {
  return route('GET /cluster/nextid', {
    query: { vmid: { resource, required: true } },
    others: 'forbidden',
  })
}

/** Whether no guest of the cluster has this number. */
export async function isFree(pve: Pve, vmid: number): Promise<boolean> {
  try {
    await pve.cluster.nextid.$get({ vmid })
    return true
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_PVE_PARAMETER') return false
    throw error
  }
}

/** Throws: ERR_PVE_VMID_TAKEN when a guest has this number. */
export async function expectFree(pve: Pve, vmid: number): Promise<void> {
  if (await isFree(pve, vmid)) return
  throw pveFailed(
    'ERR_PVE_VMID_TAKEN',
    `there is a guest ${vmid} already, here or on another node; take another number`,
    { details: { vmid, effect: 'none' } },
  )
}
