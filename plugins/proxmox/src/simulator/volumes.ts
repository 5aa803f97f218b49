// SPDX-License-Identifier: GPL-3.0-or-later
/** The volumes on the storages of a simulated cluster: names, sizes and the space that is left. */
import { dies, PveError } from './contract.ts'
import type { SimGuest, SimStorage, SimVolume, World } from './world.ts'

const FILE_STORAGES = new Set(['dir', 'nfs', 'cifs', 'cephfs', 'btrfs', 'glusterfs'])

/** What to allocate. Units: bytes. */
export interface VolumePlan {
  readonly storage: string
  readonly node: string
  readonly vmid: number
  readonly sizeBytes: number
  readonly content: SimVolume['content']
  /** `raw` unless given, `qcow2` on storages of files for the disks of machines. */
  readonly format?: string
  /** The name after the storage's; a free one of the guest is found unless given. */
  readonly name?: string
  /** How a found name goes on after `vm-{vmid}-`: `disk` unless given. */
  readonly kind?: 'disk' | 'cloudinit' | 'state'
  readonly usedBytes?: number
  /** The base volume of a linked clone. */
  readonly parent?: string
  readonly notes?: string
  readonly isProtected?: boolean
  readonly saved?: Pick<SimGuest, 'type' | 'config'>
}

/** Whether a storage keeps its volumes as files. */
export function isFileStorage(storage: SimStorage): boolean {
  return FILE_STORAGES.has(storage.type)
}

/** The storage of that name; throws as the real one does when there is none. */
export function storageOf(world: World, id: string): SimStorage {
  const storage = world.storages.get(id)
  if (storage === undefined) throw dies(`storage '${id}' does not exist`)
  return storage
}

/** Whether a storage is meant to be used from a node. */
export function isConfiguredOn(storage: SimStorage, node: string): boolean {
  return storage.nodes === undefined || storage.nodes.includes(node)
}

/** Whether a storage answers on a node. */
export function isActive(storage: SimStorage, node: string): boolean {
  return storage.isEnabled && isConfiguredOn(storage, node) && !storage.unreachableFrom.has(node)
}

/** The storage when it can be used from the node, and for this content when one is named; throws otherwise. */
export function usableStorage(
  world: World,
  id: string,
  node: string,
  content?: string,
): SimStorage {
  const storage = storageOf(world, id)
  if (!storage.isEnabled) throw dies(`storage '${id}' is disabled`)
  if (!isConfiguredOn(storage, node))
    throw dies(`storage '${id}' is not available on node '${node}'`)
  if (storage.unreachableFrom.has(node)) throw dies(unreachableText(storage))
  if (content !== undefined && !storage.content.includes(content)) {
    throw dies(`storage '${id}' does not support content-type '${content}'`)
  }
  return storage
}

/** The volume of that id as it is seen from a node; undefined when there is none. */
export function findVolume(world: World, volid: string, node: string): SimVolume | undefined {
  const storage = world.storages.get(volid.split(':')[0] ?? '')
  return storage?.volumes.get(keyOf(storage, volid, node))
}

/** The volumes of a storage as they are seen from a node. */
export function volumesOf(world: World, storage: string, node: string): SimVolume[] {
  const seen: SimVolume[] = []
  for (const volume of storageOf(world, storage).volumes.values()) {
    if (volume.node === undefined || volume.node === node) seen.push(volume)
  }
  return seen
}

/** The space of a storage on a node. Units: bytes. */
export function spaceOf(
  storage: SimStorage,
  node: string,
): { total: number; used: number; avail: number } {
  return spaceFrom(storage, usedByNode(storage), node)
}

/** What is used of a storage on each node, in one pass; a shared storage has its sum under the empty name. */
export function usedByNode(storage: SimStorage): Map<string, number> {
  const used = new Map<string, number>()
  for (const volume of storage.volumes.values()) {
    const place = volume.node ?? ''
    used.set(place, (used.get(place) ?? 0) + volume.usedBytes)
  }
  return used
}

/** The space of a storage on a node, when what is used is known from `usedByNode`. */
export function spaceFrom(
  storage: SimStorage,
  usage: ReadonlyMap<string, number>,
  node: string,
): { total: number; used: number; avail: number } {
  const used = Math.min(storage.totalBytes, usage.get(storage.isShared ? '' : node) ?? 0)
  return { total: storage.totalBytes, used, avail: storage.totalBytes - used }
}

/** Makes a volume; throws when the storage cannot be used, has no space or has a volume of that name. */
export function allocateVolume(world: World, plan: VolumePlan): SimVolume {
  const storage = usableStorage(world, plan.storage, plan.node, plan.content)
  const format = plan.format ?? defaultFormat(storage, plan.content)
  const volid = `${plan.storage}:${plan.name ?? freeName(world, storage, plan, format)}`
  const usedBytes =
    plan.usedBytes ?? (storage.type === 'lvm' ? plan.sizeBytes : Math.round(plan.sizeBytes * 0.05))
  if (usedBytes > spaceOf(storage, plan.node).avail) {
    throw dies(`unable to create image: no space left on storage '${plan.storage}'`)
  }
  const key = keyOf(storage, volid, plan.node)
  if (storage.volumes.has(key)) throw dies(`volume '${volid}' already exists`)
  const volume: SimVolume = {
    volid,
    node: storage.isShared ? undefined : plan.node,
    content: plan.content,
    format,
    sizeBytes: plan.sizeBytes,
    usedBytes,
    vmid: plan.vmid,
    createdAtMs: world.now(),
    notes: plan.notes,
    isProtected: plan.isProtected ?? false,
    parent: plan.parent,
    saved: plan.saved,
  }
  storage.volumes.set(key, volume)
  return volume
}

/** Takes a volume away; one that is gone already is nothing to complain about. */
export function removeVolume(world: World, volume: SimVolume): void {
  const storage = world.storages.get(volume.volid.split(':')[0] ?? '')
  storage?.volumes.delete(keyOf(storage, volume.volid, volume.node ?? ''))
}

/** Puts a volume that was made elsewhere on its storage: for seeds. */
export function placeVolume(storage: SimStorage, volume: SimVolume): void {
  storage.volumes.set(keyOf(storage, volume.volid, volume.node ?? ''), volume)
}

/** The storage part of a volume id; throws when there is none. */
export function storageIdOf(volid: string): string {
  const at = volid.indexOf(':')
  if (at < 1) throw new PveError(500, `unable to parse volume ID '${volid}'`)
  return volid.slice(0, at)
}

/** The name a guest's next volume gets: `vm-101-disk-1`, with the folder and ending that storages of files have. */
function freeName(world: World, storage: SimStorage, plan: VolumePlan, format: string): string {
  const isFolder = format === 'subvol'
  const stem = `${isFolder ? 'subvol' : 'vm'}-${plan.vmid}-`
  const spell = (name: string) =>
    isFileStorage(storage) ? `${plan.vmid}/${name}${isFolder ? '' : `.${format}`}` : name
  if (plan.kind === 'cloudinit') return spell(`${stem}cloudinit`)
  for (let number = 0; ; number += 1) {
    const name = spell(`${stem}${plan.kind === 'state' ? 'state-' : 'disk-'}${number}`)
    if (findVolume(world, `${storage.id}:${name}`, plan.node) === undefined) return name
  }
}

function defaultFormat(storage: SimStorage, content: SimVolume['content']): string {
  if (storage.type === 'zfspool') return content === 'rootdir' ? 'subvol' : 'raw'
  return isFileStorage(storage) && content === 'images' ? 'qcow2' : 'raw'
}

function unreachableText(storage: SimStorage): string {
  return storage.type === 'pbs'
    ? `${storage.id}: error fetching datastores - 500 Can't connect to ${storage.options['server']}:8007 (No route to host)`
    : `storage '${storage.id}' is not online`
}

function keyOf(storage: SimStorage, volid: string, node: string): string {
  return storage.isShared ? volid : `${volid}@${node}`
}
