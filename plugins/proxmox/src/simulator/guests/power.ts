// SPDX-License-Identifier: GPL-3.0-or-later
/** What starting and stopping changes in a guest. */
import { dies, PveError } from '../contract.ts'
import { allocateVolume, findVolume, removeVolume, storageOf } from '../volumes.ts'
import type { SimGuest, World } from '../world.ts'
import { disksOf, volumeOf } from './disks.ts'
import { type GuestCall, nameOf, needUnlocked } from './guest.ts'
import { startGuestTask } from './guest-task.ts'
import { textOf } from './params.ts'
import { applyPending } from './pending.ts'

const MIB = 1024 * 1024

/** A guest has started; what waited for a restart is so now. */
export function started(
  world: World,
  guest: SimGuest,
  options: { keepsPending?: boolean } = {},
): void {
  if (options.keepsPending !== true) applyPending(guest)
  guest.status = 'running'
  guest.qmpStatus = 'running'
  guest.startedAtMs = world.now()
}

/** A guest has stopped. */
export function stopped(world: World, guest: SimGuest): void {
  guest.status = 'stopped'
  guest.qmpStatus = 'running'
  guest.startedAtMs = world.now()
  applyPending(guest)
}

/** Throws when a guest cannot be started: a template, locked, running, or with a disk that is not there. */
export function needStartable(at: GuestCall, isForced: boolean): void {
  const { world, guest } = at
  if (guest.isTemplate)
    throw dies(`you can't start a ${guest.type === 'qemu' ? 'vm' : 'CT'} if it's a template`)
  if (!isForced) needUnlocked(guest)
  if (guest.status === 'running') throw dies(`${nameOf(guest)} already running`)
  for (const disk of disksOf(guest.type, guest.config)) {
    if (disk.kind !== 'volume') continue
    const storage = storageOf(world, disk.source.split(':')[0] ?? '')
    if (storage.unreachableFrom.has(guest.node)) throw dies(`storage '${storage.id}' is not online`)
    if (volumeOf(world, guest.node, disk) === undefined)
      throw dies(`volume '${disk.source}' does not exist`)
  }
}

/** Saves the memory of a virtual machine to a volume and stops it; it stays locked until it is woken. */
export function saveState(at: GuestCall, check: () => void): string {
  const { call, world, guest } = at
  const storage = stateStorage(at, textOf(call, 'statestorage'))
  call.need(`/vms/${guest.vmid}`, 'VM.Config.Disk')
  call.need(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const effect = () => {
    guest.config['vmstate'] = allocateState(world, guest, storage, 'suspend')
    stopped(world, guest)
    guest.lock = 'suspended'
  }
  const log = `State saved, quitting`
  return startGuestTask(at, {
    type: 'suspend',
    check,
    lock: 'suspending',
    steps: [{ seconds: 3, log, effect }],
  })
}

/** Starts a virtual machine from the state that was saved. */
export function wakeFromState(at: GuestCall): string {
  const { world, guest } = at
  const effect = () => {
    const saved = findVolume(world, String(guest.config['vmstate'] ?? ''), guest.node)
    if (saved !== undefined) removeVolume(world, saved)
    delete guest.config['vmstate']
    guest.lock = undefined
    started(world, guest)
  }
  return startGuestTask(at, {
    type: 'resume',
    steps: [{ seconds: 3, log: 'Resuming suspended VM', effect }],
  })
}

/** A volume for the memory of a virtual machine; gives its id. */
export function allocateState(
  world: World,
  guest: SimGuest,
  storage: string,
  name: string,
): string {
  const file = `vm-${guest.vmid}-state-${name}`
  const isFile =
    storageOf(world, storage).type === 'dir' || storageOf(world, storage).type === 'nfs'
  return allocateVolume(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes: (Number(guest.config['memory'] ?? 512) * 2 + 500) * MIB,
    content: 'images',
    format: 'raw',
    name: isFile ? `${guest.vmid}/${file}.raw` : file,
  }).volid
}

/** Where the memory of a virtual machine is saved: as asked for, as configured, or beside its disks. */
export function stateStorage({ world, guest }: GuestCall, asked?: string): string {
  const disk = disksOf(guest.type, guest.config).find(({ kind }) => kind === 'volume')
  const id = asked ?? guest.config['vmstatestorage'] ?? disk?.source.split(':')[0] ?? 'local'
  if (world.storages.get(String(id)) === undefined)
    throw new PveError(500, `storage '${id}' does not exist`)
  return String(id)
}
