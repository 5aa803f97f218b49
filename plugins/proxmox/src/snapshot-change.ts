// SPDX-License-Identifier: GPL-3.0-or-later
/** What jobs that change the snapshots of a guest have in common. */
import { endpoint } from '@sallyport/sdk'
import type { Endpoint, Permission, RouteScope, Verification } from '@sallyport/sdk'
import { verdictOf } from './guest-change.ts'
import { GUEST_RESOURCES, GUEST_ROUTES, GuestRef, findGuest } from './guest-ref.ts'
import type { Guest } from './guest-ref.ts'
import { pveOf } from './pve.ts'
import type { Pve } from './pve.ts'
import { SNAPSHOT_ROUTES, SnapshotName, snapshotsOf } from './snapshots.ts'
import { taskRoutes } from './tasks.ts'
import type { TaskToRun } from './tasks.ts'

const WITHIN_MS = 1_740_000

/** Bounds of such a job: a snapshot with memory, or many disks, takes its time. */
export const SNAPSHOT_LIMITS = { perMinute: 20, timeoutMs: 1_800_000 }

/** What such a job acts on. */
export const SNAPSHOT_RESOURCES = { ...GUEST_RESOURCES, snapshot: 'snapshot' } as const

/** The input of such a job. */
export const OneSnapshot = GuestRef.extend({
  snapshot: SnapshotName.describe('the name of the snapshot'),
})

/** The permission of such a job: to look, to change by these routes, and to follow the task. */
export function snapshotPermission(routes: readonly RouteScope[]): Permission<'endpoint'> {
  return endpoint('pve', [...GUEST_ROUTES, ...SNAPSHOT_ROUTES, ...routes, ...taskRoutes('vmid')])
}

/** The task that such a job starts. */
export function snapshotTask(
  context: { readonly input: GuestRef; readonly use: { readonly pve: Endpoint } },
  what: 'snapshot' | 'rollback' | 'delsnapshot',
): Omit<TaskToRun, 'start'> {
  const { node, vmid } = context.input
  const types = [`qm${what}`, `vz${what}`]
  return { pve: pveOf(context.use.pve), node, types, id: String(vmid), withinMs: WITHIN_MS }
}

/** Whether a guest has a snapshot of this name. */
export async function hasSnapshot(pve: Pve, guest: Guest, wanted: string): Promise<boolean> {
  const { snapshots } = await snapshotsOf(pve, guest)
  return snapshots.some(({ name }) => name === wanted)
}

const SEEN = {
  there: { there: 'there', absent: 'not there' },
  gone: { there: 'still there', absent: 'gone' },
} as const

/** The second look after such a job: whether the snapshot is there, and whether it should be. */
export function verifySnapshot(
  pve: Pve,
  input: GuestRef & { readonly snapshot: string },
  wanted: 'there' | 'gone',
): Promise<Verification> {
  return verdictOf(async () => {
    const isThere = await hasSnapshot(pve, await findGuest(pve, input), input.snapshot)
    const message = `snapshot ${input.snapshot} is ${SEEN[wanted][isThere ? 'there' : 'absent']}`
    return { verdict: isThere === (wanted === 'there') ? 'verified' : 'contradicted', message }
  })
}
