// SPDX-License-Identifier: GPL-3.0-or-later
/** What is gone with a guest: its volumes, its place in pools and rights, and its part of jobs. */
import { dies } from '../contract.ts'
import { removeVolume } from '../volumes.ts'
import type { SimGuest, SimVolume, World } from '../world.ts'
import { disksOf } from './disks.ts'
import { serviceOf } from './guest.ts'

/** Throws while a linked clone descends from one of a template's volumes. */
export function needNoLinkedClones(world: World, guest: SimGuest): void {
  for (const volume of ownVolumes(world, guest)) {
    if (isParent(world, volume))
      throw dies(`base volume '${volume.volid}' is still in use by linked cloned`)
  }
}

/** Removes a guest with its volumes and gives the lines of the log. */
export function destroy(world: World, guest: SimGuest, withUnreferenced: boolean): string[] {
  const named = new Set(
    [guest.config, ...guest.snapshots.map((snapshot) => snapshot.config)].flatMap((config) => [
      ...disksOf(guest.type, config, true).map((disk) => disk.source),
      ...(config['vmstate'] === undefined ? [] : [String(config['vmstate'])]),
    ]),
  )
  const gone = ownVolumes(world, guest).filter(
    (volume) => withUnreferenced || named.has(volume.volid),
  )
  for (const volume of gone) removeVolume(world, volume)
  world.guests.delete(guest.vmid)
  for (const pool of world.pools.values()) pool.guests.delete(guest.vmid)
  dropRights(world, guest)
  return gone.map((volume) => removedLine(world, volume))
}

/** Takes a guest that is gone out of backup jobs and the HA manager. */
export function purge(world: World, guest: SimGuest): void {
  world.ha.resources.delete(serviceOf(guest))
  for (const job of world.jobs.values()) {
    if (typeof job['vmid'] !== 'string') continue
    job['vmid'] = job['vmid']
      .split(',')
      .filter((vmid) => vmid !== String(guest.vmid))
      .join(',')
  }
}

function ownVolumes(world: World, guest: SimGuest): SimVolume[] {
  return [...world.storages.values()].flatMap((storage) =>
    [...storage.volumes.values()].filter(
      (volume) =>
        volume.vmid === guest.vmid &&
        (volume.content === 'images' || volume.content === 'rootdir') &&
        (volume.node === undefined || volume.node === guest.node),
    ),
  )
}

function isParent(world: World, base: SimVolume): boolean {
  return [...world.storages.values()].some((storage) =>
    [...storage.volumes.values()].some((volume) => volume.parent === base.volid),
  )
}

function removedLine(world: World, volume: SimVolume): string {
  const [storage = '', name] = volume.volid.split(':')
  const isLvm = world.storages.get(storage)?.type.startsWith('lvm') === true
  return isLvm
    ? `  Logical volume "${name}" successfully removed.`
    : `removed volume '${volume.volid}'`
}

function dropRights(world: World, guest: SimGuest): void {
  const path = `/vms/${guest.vmid}`
  for (let at = world.access.acl.length - 1; at >= 0; at -= 1) {
    if (world.access.acl[at]?.path === path) world.access.acl.splice(at, 1)
  }
}
