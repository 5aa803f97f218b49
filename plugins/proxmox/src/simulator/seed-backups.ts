// SPDX-License-Identifier: GPL-3.0-or-later
/** The backups of a seeded cluster. */
import type { SimGuest, World } from './world.ts'
import { archiveName } from './archives.ts'
import { placeVolume } from './volumes.ts'

const DAY_MS = 86_400_000

/** Puts a backup of a guest on the backup server, and every fourth also on the shared storage. */
export function seedBackup(world: World, guest: SimGuest): void {
  addBackup(world, guest, 'pbs', 1)
  if (guest.vmid % 4 === 0) addBackup(world, guest, 'nas', 7)
}

function addBackup(world: World, guest: SimGuest, storageId: string, daysAgo: number): void {
  const storage = world.storages.get(storageId)
  if (storage === undefined) return
  const takenAtMs = Math.floor(world.now() / 1000) * 1000 - daysAgo * DAY_MS
  const { name, format } = archiveName(storage, guest, takenAtMs, 'zstd')
  const sizeBytes = Math.round((1 + world.random() * 4) * 2 ** 30)
  placeVolume(storage, {
    volid: `${storage.id}:${name}`,
    node: undefined,
    content: 'backup',
    format,
    sizeBytes,
    usedBytes: Math.round(sizeBytes / 4),
    vmid: guest.vmid,
    createdAtMs: takenAtMs,
    notes: String(guest.config['name'] ?? guest.config['hostname'] ?? ''),
    isProtected: false,
    parent: undefined,
    saved: { type: guest.type, config: { ...guest.config } },
  })
}
