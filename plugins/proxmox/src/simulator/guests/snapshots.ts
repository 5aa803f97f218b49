// SPDX-License-Identifier: GPL-3.0-or-later
/** Snapshots of a guest: whether its disks can have them, and how they descend from each other. */
import { dies } from '../contract.ts'
import { findVolume, isFileStorage } from '../volumes.ts'
import type { SimGuest, SimSnapshot, World } from '../world.ts'
import { disksOf } from './disks.ts'

const SNAPSHOT_STORAGES = new Set(['lvmthin', 'zfspool', 'zfs', 'rbd', 'btrfs', 'cephfs'])

/** The snapshot of that name; throws when the guest has none. */
export function snapshotOf(guest: SimGuest, name: string): SimSnapshot {
  const found = guest.snapshots.find((snapshot) => snapshot.name === name)
  if (found === undefined) throw dies(`snapshot '${name}' does not exist`)
  return found
}

/**
 * Whether snapshots of a guest can be taken: every disk must lie where it can have one.
 *
 * Why: a container with a mount point that is a folder of its node cannot have any, and neither can raw files or thick LVM.
 */
export function canSnapshot(
  world: World,
  guest: SimGuest,
  config: SimGuest['config'] = guest.config,
): boolean {
  return disksOf(guest.type, config).every((disk) => {
    if (disk.kind === 'cdrom') return true
    if (disk.kind !== 'volume') return false
    const storage = world.storages.get(disk.source.split(':')[0] ?? '')
    const volume = findVolume(world, disk.source, guest.node)
    if (storage === undefined || volume === undefined) return false
    if (SNAPSHOT_STORAGES.has(storage.type)) return true
    return isFileStorage(storage) && volume.format === 'qcow2' && guest.type === 'qemu'
  })
}

/** Takes a snapshot out; what descends from it now descends from its parent. */
export function dropSnapshot(guest: SimGuest, name: string): void {
  const parent = snapshotOf(guest, name).parent
  guest.snapshots = guest.snapshots.filter((snapshot) => snapshot.name !== name)
  for (const child of guest.snapshots) if (child.parent === name) child.parent = parent
  if (guest.parent === name) guest.parent = parent
}

/** The snapshots that came after one and descend from it. */
export function descendantsOf(guest: SimGuest, name: string): string[] {
  const children = guest.snapshots
    .filter((snapshot) => snapshot.parent === name)
    .map((snapshot) => snapshot.name)
  return children.flatMap((child) => [child, ...descendantsOf(guest, child)])
}
