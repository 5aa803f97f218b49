// SPDX-License-Identifier: GPL-3.0-or-later
/** The last backup of a guest, wherever it lies, as far as it can be seen. */
import { isCodedError, route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import { backupsOf } from './backups.ts'
import type { GuestRef } from './guest-ref.ts'
import type { Pve } from './pve.ts'
import { isTrue, rowsOf, textOf } from './values.ts'

/** A backup that was seen. */
export const LastBackup = z.object({
  volumeId: z.string(),
  storage: z.string(),
  createdAt: z.string().describe('RFC 3339'),
  sizeBytes: z.number(),
})
/** A backup that was seen. */
export type LastBackup = z.infer<typeof LastBackup>

/** The routes that `lastBackupOf` needs: which storages there are, and of what is on them the guest's own backups. */
export const LAST_BACKUP_ROUTES: readonly RouteScope[] = [
  route('GET /nodes/{node}/storage', {
    query: { content: { equals: 'backup', required: true } },
    others: 'forbidden',
  }),
  route('GET /nodes/{node}/storage/{storage:id}/content', {
    query: {
      content: { equals: 'backup', required: true },
      vmid: { resource: 'vmid', required: true },
    },
    others: 'forbidden',
  }),
]

const MAX_STORAGES = 32

/** The newest backup, and which storages could not be looked at. */
export async function lastBackupOf(
  pve: Pve,
  guest: GuestRef,
): Promise<{ readonly lastBackup: LastBackup | null; readonly notes: string[] }> {
  const notes: string[] = []
  const found: LastBackup[] = []
  for (const storage of await storagesOf(pve, guest.node, notes)) {
    try {
      const [newest] = await backupsOf(pve, { node: guest.node, vmid: guest.vmid, storage })
      if (newest === undefined) continue
      const createdAt = new Date(newest.createdAt * 1_000).toISOString()
      const { volumeId, sizeBytes } = newest
      found.push({ volumeId, storage, createdAt, sizeBytes })
    } catch (error) {
      if (!isCodedError(error)) throw error
      notes.push(`backups on ${storage} cannot be seen (${error.code})`)
    }
  }
  found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  return { lastBackup: found[0] ?? null, notes }
}

async function storagesOf(pve: Pve, node: string, notes: string[]): Promise<string[]> {
  try {
    const rows = rowsOf(await pve.nodes.$(node).storage.$get({ content: 'backup' }))
    if (rows.length === 0) notes.push('no storage for backups can be seen')
    return rows
      .filter((row) => row['active'] === undefined || isTrue(row['active']))
      .flatMap(({ storage }) => textOf(storage) ?? [])
      .sort()
      .slice(0, MAX_STORAGES)
  } catch (error) {
    if (!isCodedError(error)) throw error
    notes.push(`storages for backups cannot be seen (${error.code})`)
    return []
  }
}
