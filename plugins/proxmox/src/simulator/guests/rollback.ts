// SPDX-License-Identifier: GPL-3.0-or-later
/** Bringing a guest back to one of its snapshots. */
import { dies } from '../contract.ts'
import { findVolume, removeVolume } from '../volumes.ts'
import type { SimGuest, SimSnapshot, World } from '../world.ts'
import { disksOf, freeKey, volumeOf } from './disks.ts'
import { type GuestCall, needUnlocked } from './guest.ts'
import { started, stopped } from './power.ts'
import { descendantsOf, snapshotOf } from './snapshots.ts'

/** Throws when the guest cannot go back: locked, a template, without the disks, or past later snapshots on ZFS. */
export function needRollbackable({ world, guest }: GuestCall, name: string): void {
  const snapshot = snapshotOf(guest, name)
  needUnlocked(guest)
  if (guest.isTemplate) throw dies("you can't rollback if vm is a template")
  for (const disk of disksOf(guest.type, snapshot.config)) {
    if (disk.kind !== 'volume') continue
    if (volumeOf(world, guest.node, disk) === undefined)
      throw dies(`volume '${disk.source}' does not exist`)
    const isZfs = world.storages.get(disk.source.split(':')[0] ?? '')?.type === 'zfspool'
    if (isZfs && descendantsOf(guest, name).length > 0) {
      throw dies(`can't rollback, '${name}' is not most recent snapshot on '${disk.source}'`)
    }
  }
}

/** Makes the guest what it was. Why: a guest that runs is stopped first; it runs again when asked or when its memory was kept. */
export function rollBack({ world, guest }: GuestCall, name: string, startsAfter: boolean): void {
  const snapshot = snapshotOf(guest, name)
  if (guest.status === 'running') stopped(world, guest)
  const newer = disksOf(guest.type, guest.config).filter((disk) => disk.kind === 'volume')
  const { vmstate: _, ...config } = snapshot.config
  guest.config = { ...config }
  guest.pending = {}
  guest.parent = name
  for (const disk of newer) {
    const isNamed = disksOf(guest.type, guest.config, true).some(
      ({ source }) => source === disk.source,
    )
    if (!isNamed) guest.config[freeKey(guest.config, 'unused')] = disk.source
  }
  if (startsAfter || snapshot.withMemory) started(world, guest)
}

/** Removes the memory that a snapshot kept. */
export function dropState(world: World, guest: SimGuest, snapshot: SimSnapshot): void {
  const state = snapshot.config['vmstate']
  const volume = state === undefined ? undefined : findVolume(world, String(state), guest.node)
  if (volume !== undefined) removeVolume(world, volume)
}
