// SPDX-License-Identifier: GPL-3.0-or-later
/** Giving a volume of one guest to another guest of the same node. */
import { dies, PveError } from '../contract.ts'
import { allocateVolume, removeVolume } from '../volumes.ts'
import type { SimGuest, SimVolume } from '../world.ts'
import { type Disk, isDiskKey, isUnusedKey } from './disks.ts'
import { type GuestCall, nameOf, needSameDigest, needUnlocked } from './guest.ts'
import { numberOf, textOf } from './params.ts'
import { withProperties } from './property-string.ts'

/** Where a volume goes. */
export interface Receiver {
  readonly guest: SimGuest
  readonly key: string
}

/** The guest and the key that a call names; throws when that guest cannot take the disk. */
export function receiverOf(at: GuestCall, disk: Disk): Receiver {
  const { call, world, guest } = at
  const vmid = numberOf(call, 'target-vmid') ?? 0
  if (vmid === guest.vmid) throw badTarget('must be different than source VMID')
  const target = world.guests.get(vmid)
  if (target === undefined || target.type !== guest.type)
    throw dies(`no such ${nameOf({ ...guest, vmid })}`)
  if (target.node !== guest.node)
    throw dies(`both guests need to be on the same node (${guest.node})`)
  call.need(`/vms/${vmid}`, 'VM.Config.Disk')
  needUnlocked(target)
  needSameDigest(target, call, 'target-digest')
  const key = textOf(call, guest.type === 'qemu' ? 'target-disk' : 'target-volume') ?? disk.key
  if (!isDiskKey(guest.type, key) && !isUnusedKey(key)) throw badTarget(`'${key}' is no disk`)
  if (target.config[key] !== undefined)
    throw dies(`target key '${key}' is already in use for ${nameOf(target)}`)
  if (guest.type === 'lxc' && disk.key === 'rootfs')
    throw dies('cannot move the root volume to another container')
  if (
    guest.snapshots.some(({ config }) => String(config[disk.key] ?? '').startsWith(disk.source))
  ) {
    throw dies('cannot move a disk that is used by a snapshot to another guest')
  }
  return { guest: target, key }
}

/** Gives the volume away under a name of its new guest. */
export function reassign(
  { world, guest }: GuestCall,
  disk: Disk,
  volume: SimVolume,
  to: Receiver,
): void {
  const copy = allocateVolume(world, {
    storage: disk.source.split(':')[0] ?? '',
    node: guest.node,
    vmid: to.guest.vmid,
    sizeBytes: volume.sizeBytes,
    usedBytes: 0,
    content: volume.content,
    format: volume.format,
  })
  copy.usedBytes = volume.usedBytes
  removeVolume(world, volume)
  const value = withProperties(String(guest.config[disk.key]), { '': copy.volid })
  to.guest.config[to.key] = isUnusedKey(to.key) ? copy.volid : value
  delete guest.config[disk.key]
}

function badTarget(text: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { 'target-vmid': text })
}
