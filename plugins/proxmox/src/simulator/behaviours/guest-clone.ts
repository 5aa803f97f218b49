// SPDX-License-Identifier: GPL-3.0-or-later
/** Copying guests and making templates of them. */
import { type Behaviours, dies } from '../contract.ts'
import {
  abandonClone,
  type ClonePlan,
  cloneDisks,
  cloneLog,
  cloneSeconds,
  emptyClone,
} from '../guests/clone.ts'
import { type Disk, disksOf } from '../guests/disks.ts'
import { forGuests, type GuestCall, kindOf, needUnlocked } from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import { flagOf, numberOf, textOf } from '../guests/params.ts'
import { canSnapshot, snapshotOf } from '../guests/snapshots.ts'
import { becomeTemplate, needConvertible } from '../guests/template.ts'
import { needQuorum } from '../quorum.ts'
import { isConfiguredOn, storageOf, usableStorage } from '../volumes.ts'
import type { SimVolume } from '../world.ts'

const CLONES_SNAPSHOTS = new Set(['lvmthin', 'rbd'])

/** Copies and templates. */
export const guestCloneBehaviours: Behaviours = {
  ...forGuests({ 'POST /clone': clone, 'GET /feature': feature }),
  ...forGuests({ 'POST /template': templateByTask }, ['qemu']),
  ...forGuests({ 'POST /template': templateNow }, ['lxc']),
}

function clone(at: GuestCall): string {
  const { call, world, guest } = at
  needQuorum(world)
  needUnlocked(guest)
  const plan = planOf(at)
  needClonable(at, plan)
  const copy = emptyClone(world, plan)
  const made: SimVolume[] = []
  world.guests.set(plan.newid, copy)
  const pool = textOf(call, 'pool')
  return startGuestTask(at, {
    type: 'clone',
    isExclusive: false,
    steps: [
      { seconds: 0, effect: () => cloneDisks(world, plan, copy, made) },
      { seconds: cloneSeconds(plan), log: cloneLog(plan).join('\n') },
      { seconds: 0, effect: () => finish(at, copy.vmid, pool) },
    ],
    undo: () => abandonClone(world, copy, made),
  })
}

function finish({ world }: GuestCall, newid: number, pool: string | undefined): void {
  const copy = world.guests.get(newid)
  if (copy === undefined) return
  copy.lock = undefined
  if (pool === undefined) return
  copy.pool = pool
  world.pools.get(pool)?.guests.add(newid)
}

function planOf({ call, world, guest }: GuestCall): ClonePlan {
  const snapname = textOf(call, 'snapname')
  const isFull = call.params['full'] === undefined ? !guest.isTemplate : flagOf(call, 'full')
  const target = textOf(call, 'target') ?? guest.node
  if (!world.nodes.has(target)) throw dies(`no such cluster node '${target}'`)
  const pool = textOf(call, 'pool')
  if (pool !== undefined && !world.pools.has(pool)) throw dies(`pool '${pool}' does not exist`)
  return {
    source: guest,
    config: snapname === undefined ? guest.config : snapshotOf(guest, snapname).config,
    newid: numberOf(call, 'newid') ?? 0,
    node: target,
    isFull,
    storage: textOf(call, 'storage'),
    format: textOf(call, 'format'),
    name: textOf(call, guest.type === 'qemu' ? 'name' : 'hostname'),
    description: textOf(call, 'description'),
  }
}

function needClonable(at: GuestCall, plan: ClonePlan): void {
  const { call, world, guest } = at
  for (const name of ['storage', 'format'] as const) {
    if (plan[name] !== undefined && !plan.isFull)
      throw dies(`parameter '${name}' not allowed for linked clones`)
  }
  needFreeId(at, plan)
  const isRunningContainer = guest.type === 'lxc' && guest.status === 'running'
  if (plan.isFull && isRunningContainer && call.params['snapname'] === undefined) {
    throw dies('Cannot do full clones on a running container without snapshots')
  }
  for (const disk of disksOf(guest.type, plan.config)) needClonableDisk(at, plan, disk)
  if (plan.storage !== undefined)
    usableStorage(world, plan.storage, plan.node, guest.type === 'qemu' ? 'images' : 'rootdir')
}

function needFreeId({ world, guest }: GuestCall, plan: ClonePlan): void {
  const other = world.guests.get(plan.newid)
  if (other === undefined) return
  if (guest.type === 'qemu')
    throw dies(`unable to create VM ${plan.newid}: config file already exists`)
  throw dies(`${kindOf(other)} ${plan.newid} already exists on node '${other.node}'`)
}

function needClonableDisk({ call, world, guest }: GuestCall, plan: ClonePlan, disk: Disk): void {
  if (disk.kind === 'cdrom') return
  if (disk.kind !== 'volume')
    throw dies(`unable to clone mountpoint '${disk.key}' (type ${disk.kind})`)
  const storage = storageOf(world, disk.source.split(':')[0] ?? '')
  call.need(`/storage/${plan.storage ?? storage.id}`, 'Datastore.AllocateSpace')
  if (plan.node !== guest.node && !(storage.isShared && isConfiguredOn(storage, plan.node))) {
    const kind = kindOf(guest)
    throw dies(`can't clone ${kind} to node '${plan.node}' (${kind} uses local storage)`)
  }
  const isFromSnapshot = call.params['snapname'] !== undefined && CLONES_SNAPSHOTS.has(storage.type)
  if (plan.isFull || guest.isTemplate || isFromSnapshot) return
  throw dies(
    guest.type === 'qemu'
      ? `Linked clone feature is not supported for drive '${disk.key}'`
      : `Linked clone feature for '${disk.source}' is not available`,
  )
}

function feature({ call, world, guest }: GuestCall): unknown {
  const snapname = textOf(call, 'snapname')
  const config = snapname === undefined ? guest.config : snapshotOf(guest, snapname).config
  const disks = disksOf(guest.type, config).filter((disk) => disk.kind !== 'cdrom')
  const has = {
    snapshot: () => canSnapshot(world, guest, config),
    clone: () =>
      guest.isTemplate ||
      (snapname !== undefined && disks.every((disk) => isOn(disk, CLONES_SNAPSHOTS))),
    copy: () => disks.every((disk) => disk.kind === 'volume'),
  }
  const isOn = (disk: Disk, types: ReadonlySet<string>) =>
    types.has(world.storages.get(disk.source.split(':')[0] ?? '')?.type ?? '')
  const hasFeature = has[(textOf(call, 'feature') ?? 'copy') as keyof typeof has]() ? 1 : 0
  if (guest.type === 'lxc') return { hasFeature }
  const isEverywhere = disks.every(
    (disk) => world.storages.get(disk.source.split(':')[0] ?? '')?.isShared === true,
  )
  return { hasFeature, nodes: isEverywhere ? [...world.nodes.keys()] : [guest.node] }
}

function templateByTask(at: GuestCall): string {
  const { world, guest } = at
  needQuorum(world)
  needUnlocked(guest)
  needConvertible(guest)
  return startGuestTask(at, {
    type: 'template',
    check: () => needConvertible(guest),
    steps: [{ seconds: 2, effect: () => becomeTemplate(world, guest) }],
  })
}

function templateNow({ world, guest }: GuestCall): null {
  needQuorum(world)
  needUnlocked(guest)
  needConvertible(guest)
  becomeTemplate(world, guest)
  return null
}
