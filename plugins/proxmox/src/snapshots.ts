// SPDX-License-Identifier: GPL-3.0-or-later
/** Snapshots of a guest. */
import type { RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import { guestQueryRoutes } from './guest-change.ts'
import { lxcOf, qemuOf } from './guest-ref.ts'
import type { Guest } from './guest-ref.ts'
import type { Pve } from './pve.ts'
import { isTrue, numberOf, rowsOf, textOf } from './values.ts'

/** The name of a snapshot. Source: pve-common, JSONSchema, format "pve-configid". */
export const SnapshotName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_-]{1,39}$/)
  .refine((name) => !['current', 'pending'].includes(name.toLowerCase()), 'the name is reserved')

/** One snapshot. */
export const Snapshot = z.object({
  name: z.string(),
  description: z.string(),
  takenAt: z.string().nullable().describe('RFC 3339'),
  parent: z.string().nullable(),
  withMemory: z.boolean(),
})
/** One snapshot. */
export type Snapshot = z.infer<typeof Snapshot>

/** All snapshots of a guest, oldest first, and the one that its present state descends from. */
export interface Snapshots {
  readonly snapshots: Snapshot[]
  readonly currentParent: string | null
}

/** The routes that `snapshotsOf` needs. */
export const SNAPSHOT_ROUTES: readonly RouteScope[] = guestQueryRoutes('GET', '/snapshot')

/** Lists the snapshots. The present state, which Proxmox VE lists among them, is none. */
export async function snapshotsOf(pve: Pve, guest: Guest): Promise<Snapshots> {
  const api = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
  const rows = rowsOf(await api.snapshot.$get())
  const current = rows.find(({ name }) => name === 'current')
  const snapshots = rows
    .filter(({ name }) => name !== 'current')
    .map((row) => ({ at: numberOf(row['snaptime']), row }))
    .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
    .map(({ at, row }) => ({
      name: textOf(row['name']) ?? '',
      description: (textOf(row['description']) ?? '').trimEnd(),
      takenAt: at === undefined ? null : new Date(at * 1_000).toISOString(),
      parent: textOf(row['parent']) ?? null,
      withMemory: isTrue(row['vmstate']),
    }))
  return { snapshots, currentParent: textOf(current?.['parent']) ?? null }
}
