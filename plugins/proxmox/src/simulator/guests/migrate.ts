// SPDX-License-Identifier: GPL-3.0-or-later
/** Moving a guest to another node: what is in the way, and which of its volumes go along. */
import { dies } from '../contract.ts'
import {
  allocateVolume,
  findVolume,
  isConfiguredOn,
  placeVolume,
  removeVolume,
  storageOf,
} from '../volumes.ts'
import type { SimGuest, SimVolume, World } from '../world.ts'
import { type Disk, disksOf } from './disks.ts'
import { isSet, parseProperties } from './property-string.ts'

const KEEPS_SNAPSHOTS = new Set(['zfspool', 'btrfs', 'dir'])

/** A move of a guest. */
export interface Move {
  readonly guest: SimGuest
  readonly target: string
  /** The storage on the target for the volumes of a storage. */
  readonly storageFor: (storage: string) => string
  readonly isOnline: boolean
  readonly withLocalDisks: boolean
}

/** The disks of a guest that lie on a storage of its node only, those not in use among them. */
export function localDisks(world: World, guest: SimGuest): Disk[] {
  return disksOf(guest.type, guest.config, true).filter((disk) => {
    const volume = findVolume(world, disk.source, guest.node)
    return volume !== undefined && volume.node !== undefined
  })
}

/** Devices of the node that a virtual machine uses. */
export function localDevices(guest: SimGuest): string[] {
  return Object.entries(guest.config)
    .filter(([key, value]) => {
      if (/^(?:hostpci|ivshmem)\d*$/.test(key)) return !String(value).includes('mapping=')
      return /^usb\d+$/.test(key) && !/^spice|mapping=/.test(String(value))
    })
    .map(([key]) => key)
}

/** The storages a guest needs that a node does not have. */
export function missingStorages(world: World, guest: SimGuest, node: string): string[] {
  const needed = new Set(
    disksOf(guest.type, guest.config, true)
      .filter((disk) => disk.source.includes(':') && !disk.source.startsWith('/'))
      .map((disk) => disk.source.split(':')[0] ?? ''),
  )
  return [...needed].filter((id) => {
    const storage = world.storages.get(id)
    return storage === undefined || !storage.isEnabled || !isConfiguredOn(storage, node)
  })
}

/** Why a move comes to nothing once it has begun; undefined when it does not. */
export function problemOf(world: World, move: Move): string | undefined {
  const { guest, target } = move
  if (world.nodes.get(target)?.state !== 'online')
    return "Can't connect to destination address using public key"
  const isRunning = guest.status === 'running'
  if (guest.type === 'lxc' && isRunning && move.isOnline)
    return 'lxc live migration is currently not implemented'
  const bind = disksOf(guest.type, guest.config).find(
    (disk) => disk.kind === 'bind' && !isSet(disk.options.get('shared')),
  )
  if (bind !== undefined) return `cannot migrate local bind mount point '${bind.key}'`
  const devices = guest.type === 'qemu' ? localDevices(guest) : []
  if (devices.length > 0) return `can't migrate VM which uses local devices: ${devices.join(', ')}`
  const disks = localDisks(world, guest)
  if (disks.length > 0 && guest.type === 'qemu' && isRunning && !move.withLocalDisks) {
    return "can't live migrate attached local disks without with-local-disks option"
  }
  if (guest.snapshots.length > 0 && disks.some((disk) => !keepsSnapshots(world, disk))) {
    return 'non-migratable snapshot exists'
  }
  return undefined
}

/** Puts the guest and its local volumes on the other node. */
export function moveGuest(world: World, move: Move): void {
  const { guest, target } = move
  const moved = new Map<string, string>()
  const pairs: [SimVolume, SimVolume][] = []
  try {
    for (const disk of localDisks(world, guest)) {
      const old = findVolume(world, disk.source, guest.node)
      if (old === undefined) continue
      const copy = copyOn(world, move, old)
      pairs.push([old, copy])
      moved.set(old.volid, copy.volid)
    }
  } catch (error) {
    for (const [, copy] of pairs) removeVolume(world, copy)
    throw error
  }
  for (const [old] of pairs) removeVolume(world, old)
  guest.config = renamed(guest.config, moved)
  guest.node = target
}

/** Reads `targetstorage`: one storage for all, pairs `from:to`, or `1` for the same name. */
export function storageMap(text: string | undefined): (storage: string) => string {
  const parts = (text ?? '1').split(',').map((part) => part.split(':'))
  const pairs = new Map(
    parts.filter((part) => part.length === 2).map(([from = '', to = '']) => [from, to]),
  )
  const fallback = parts.find((part) => part.length === 1 && part[0] !== '1')?.[0]
  return (storage) => pairs.get(storage) ?? fallback ?? storage
}

/** Throws for a storage that the target does not have. */
export function needStoragesOn(world: World, move: Move): void {
  for (const disk of disksOf(move.guest.type, move.guest.config, true)) {
    const [id = ''] = disk.source.split(':')
    if (!disk.source.includes(':') || disk.kind === 'bind' || disk.kind === 'device') continue
    const isLocal = findVolume(world, disk.source, move.guest.node)?.node !== undefined
    const storage = storageOf(world, isLocal ? move.storageFor(id) : id)
    if (!storage.isEnabled || !isConfiguredOn(storage, move.target)) {
      throw dies(`storage '${storage.id}' is not available on node '${move.target}'`)
    }
  }
}

function copyOn(world: World, move: Move, old: SimVolume): SimVolume {
  const [from = '', name = ''] = old.volid.split(':')
  const storage = move.storageFor(from)
  const isSame = storage === from
  const isFree = findVolume(world, old.volid, move.target) === undefined
  if (isSame && isFree) {
    const target = storageOf(world, storage)
    const copy = { ...old, node: target.isShared ? undefined : move.target }
    placeVolume(target, copy)
    return copy
  }
  return allocateVolume(world, {
    storage,
    node: move.target,
    vmid: move.guest.vmid,
    sizeBytes: old.sizeBytes,
    usedBytes: old.usedBytes,
    content: old.content,
    ...(name.includes('cloudinit') ? { kind: 'cloudinit' as const } : {}),
  })
}

function keepsSnapshots(world: World, disk: Disk): boolean {
  return KEEPS_SNAPSHOTS.has(world.storages.get(disk.source.split(':')[0] ?? '')?.type ?? '')
}

function renamed(
  config: SimGuest['config'],
  moved: ReadonlyMap<string, string>,
): SimGuest['config'] {
  const entries = Object.entries(config).map(([key, value]) => {
    const source = parseProperties(String(value)).get('') ?? ''
    const next = moved.get(source)
    return [key, next === undefined ? value : String(value).replace(source, next)] as const
  })
  return Object.fromEntries(entries)
}
