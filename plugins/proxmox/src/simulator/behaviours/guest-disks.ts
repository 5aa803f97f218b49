// SPDX-License-Identifier: GPL-3.0-or-later
/** Growing, moving and unlinking the disks of guests. */
import { type Behaviours, dies } from '../contract.ts'
import { applyChange } from '../guests/config-change.ts'
import { type Disk, freeKey, parseDisk, parseSize, printSize } from '../guests/disks.ts'
import {
  forGuests,
  type GuestCall,
  nameOf,
  needSameDigest,
  needUnlocked,
  skipsLock,
} from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { printProperties, withProperties } from '../guests/property-string.ts'
import { reassign, receiverOf } from '../guests/reassign.ts'
import { needQuorum } from '../quorum.ts'
import { allocateVolume, findVolume, removeVolume, usableStorage } from '../volumes.ts'
import type { SimVolume } from '../world.ts'

/** The disks of guests. */
export const guestDiskBehaviours: Behaviours = {
  ...forGuests({ 'PUT /resize': resize }),
  ...forGuests({ 'POST /move_disk': move, 'PUT /unlink': unlink }, ['qemu']),
  ...forGuests({ 'POST /move_volume': move }, ['lxc']),
}

function resize(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  needQuorum(world)
  needSameDigest(guest, call)
  if (!isForced) needUnlocked(guest)
  const { disk, volume } = diskIn(at, 'disk')
  const sizeBytes = sizeAfter(textOf(call, 'size') ?? '', volume)
  call.need(`/storage/${disk.source.split(':')[0]}`, 'Datastore.AllocateSpace')
  if (guest.snapshots.length > 0 && volume.format === 'qcow2')
    throw dies(`can't resize volume: ${disk.key} if snapshot exists`)
  const effect = () => {
    volume.sizeBytes = sizeBytes
    guest.config[disk.key] = withProperties(String(guest.config[disk.key]), {
      size: printSize(sizeBytes),
    })
  }
  return startGuestTask(at, {
    type: '=resize',
    steps: [{ seconds: 1, log: resizeLog(at, disk, sizeBytes), effect }],
  })
}

function sizeAfter(size: string, volume: SimVolume): number {
  const bytes = size.startsWith('+') ? volume.sizeBytes + parseSize(size.slice(1)) : parseSize(size)
  if (bytes < volume.sizeBytes) throw dies('shrinking disks is not supported')
  return bytes
}

function resizeLog({ guest }: GuestCall, disk: Disk, sizeBytes: number): string {
  const line = `size of '${disk.source}' is now ${printSize(sizeBytes)}`
  return guest.type === 'qemu' ? line : `${line}\nresizing the filesystem to match`
}

function move(at: GuestCall): string {
  const { call, world, guest } = at
  needQuorum(world)
  needSameDigest(guest, call)
  needUnlocked(guest)
  const { disk, volume } = diskIn(at, guest.type === 'qemu' ? 'disk' : 'volume')
  const storage = textOf(call, 'storage')
  if (call.params['target-vmid'] !== undefined) return giveAway(at, disk, volume)
  if (storage === undefined) throw dies("either 'storage' or 'target-vmid' needs to be set")
  needMovable(at, disk, storage)
  const made: SimVolume[] = []
  const log = `create full clone of ${guest.type === 'qemu' ? 'drive' : 'mountpoint'} ${disk.key} (${disk.source})`
  return startGuestTask(at, {
    type: guest.type === 'qemu' ? 'move' : '=move_volume',
    lock: 'disk',
    steps: [
      { seconds: 0, log, effect: () => void made.push(copyTo(at, volume, storage)) },
      {
        seconds: 2 + Math.ceil(volume.sizeBytes / (8 * 2 ** 30)),
        effect: () => switchTo(at, disk, volume, made[0]),
      },
    ],
    undo: () => made.forEach((copy) => removeVolume(world, copy)),
  })
}

function giveAway(at: GuestCall, disk: Disk, volume: SimVolume): string {
  const to = receiverOf(at, disk)
  const log = `moving disk '${disk.key}' of ${nameOf(at.guest)} to ${nameOf(to.guest)}`
  return startGuestTask(at, {
    type: at.guest.type === 'qemu' ? 'move' : '=move_volume',
    lock: 'disk',
    steps: [{ seconds: 1, log, effect: () => reassign(at, disk, volume, to) }],
  })
}

function needMovable({ call, world, guest }: GuestCall, disk: Disk, storage: string): void {
  usableStorage(world, storage, guest.node, guest.type === 'qemu' ? 'images' : 'rootdir')
  call.need(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const isSame = storage === disk.source.split(':')[0]
  if (guest.type === 'lxc' && guest.status === 'running')
    throw dies('cannot move volumes of a running container')
  if (guest.type === 'qemu' && isSame && call.params['format'] === undefined) {
    throw dies("you can't move to the same storage with same format")
  }
  const isInSnapshot = guest.snapshots.some(({ config }) =>
    String(config[disk.key] ?? '').startsWith(disk.source),
  )
  if (isInSnapshot && flagOf(call, 'delete'))
    throw dies("you can't move a disk with snapshots and delete the source")
}

function copyTo({ call, world, guest }: GuestCall, volume: SimVolume, storage: string): SimVolume {
  const format = textOf(call, 'format')
  return allocateVolume(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes: volume.sizeBytes,
    usedBytes: volume.usedBytes,
    content: volume.content,
    ...(format === undefined ? {} : { format }),
  })
}

function switchTo(
  { call, world, guest }: GuestCall,
  disk: Disk,
  old: SimVolume,
  copy: SimVolume | undefined,
): void {
  if (copy === undefined) return
  const rest = [...disk.options].filter(([key]) => key !== '' && key !== 'file' && key !== 'volume')
  guest.config[disk.key] = printProperties(new Map([['', copy.volid], ...rest]))
  if (flagOf(call, 'delete')) removeVolume(world, old)
  else guest.config[freeKey(guest.config, 'unused')] = old.volid
}

function unlink(at: GuestCall): null {
  const { call, world, guest } = at
  needQuorum(world)
  needUnlocked(guest)
  applyChange(at, {
    set: new Map(),
    deletes: listOf(call, 'idlist'),
    reverts: [],
    isForced: flagOf(call, 'force'),
  })
  return null
}

function diskIn(
  { call, world, guest }: GuestCall,
  name: string,
): { disk: Disk; volume: SimVolume } {
  const key = textOf(call, name) ?? ''
  const value = guest.config[key]
  if (value === undefined) throw dies(`disk '${key}' does not exist`)
  const disk = parseDisk(key, String(value))
  if (disk.kind === 'cdrom') throw dies(`you can't ${name === 'disk' ? 'change' : 'move'} a cdrom`)
  const volume = disk.kind === 'volume' ? findVolume(world, disk.source, guest.node) : undefined
  if (volume === undefined) throw dies(`'${key}' is no volume that can be changed`)
  return { disk, volume }
}
