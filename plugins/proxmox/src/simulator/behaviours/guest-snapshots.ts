// SPDX-License-Identifier: GPL-3.0-or-later
/** Taking, listing, describing, rolling back to and deleting snapshots. */
import { type Behaviours, dies } from '../contract.ts'
import { snapshotConfigView } from '../guests/config-view.ts'
import { configDigest } from '../guests/digest.ts'
import { type GuestCall, forGuests, needUnlocked } from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { dropState, needRollbackable, rollBack } from '../guests/rollback.ts'
import { canSnapshot, dropSnapshot, snapshotOf } from '../guests/snapshots.ts'
import { allocateState, stateStorage } from '../guests/power.ts'
import { needQuorum } from '../quorum.ts'
import type { SimGuest } from '../world.ts'

const RESERVED = ['current', 'pending']

/** Snapshots of guests. */
export const guestSnapshotBehaviours: Behaviours = forGuests({
  'GET /snapshot': ({ guest }) => [
    ...guest.snapshots.map((snapshot) => entryOf(guest, snapshot)),
    currentEntry(guest),
  ],
  'POST /snapshot': take,
  'GET /snapshot/{snapname}': () => [{ cmd: 'rollback' }, { cmd: 'config' }],
  'DELETE /snapshot/{snapname}': remove,
  'GET /snapshot/{snapname}/config': (at) =>
    snapshotConfigView(at.guest, snapshotOf(at.guest, nameIn(at))),
  'PUT /snapshot/{snapname}/config': describe,
  'POST /snapshot/{snapname}/rollback': rollback,
})

function entryOf(
  guest: SimGuest,
  snapshot: SimGuest['snapshots'][number],
): Record<string, unknown> {
  return {
    name: snapshot.name,
    description:
      snapshot.description.trimEnd() +
      (guest.type === 'lxc' && snapshot.description !== '' ? '\n' : ''),
    snaptime: Math.floor(snapshot.takenAtMs / 1000),
    ...(guest.type === 'qemu' ? { vmstate: snapshot.withMemory ? 1 : 0 } : {}),
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
  }
}

function currentEntry(guest: SimGuest): Record<string, unknown> {
  return {
    name: 'current',
    description: 'You are here!',
    digest: configDigest(guest),
    running: guest.status === 'running' ? 1 : 0,
    ...(guest.parent === undefined ? {} : { parent: guest.parent }),
  }
}

function take(at: GuestCall): string {
  const { call, world, guest } = at
  const name = nameIn(at)
  if (RESERVED.includes(name.toLowerCase()))
    throw dies(`unable to use snapshot name '${name}' (reserved name)`)
  needQuorum(world)
  const withMemory = guest.type === 'qemu' && flagOf(call, 'vmstate') && guest.status === 'running'
  return startGuestTask(at, {
    type: 'snapshot',
    lock: 'snapshot',
    check: () => needSnapshotable(at, name),
    steps: [
      ...(withMemory
        ? [{ seconds: 3, log: `saving VM state and RAM using storage '${stateStorage(at)}'` }]
        : []),
      { seconds: 1, log: snapshotLog(guest), effect: () => addSnapshot(at, name, withMemory) },
    ],
  })
}

function needSnapshotable({ world, guest }: GuestCall, name: string): void {
  needUnlocked(guest)
  if (guest.isTemplate) throw dies("you can't take a snapshot if it's a template")
  if (guest.snapshots.some((snapshot) => snapshot.name === name))
    throw dies(`snapshot name '${name}' already used`)
  if (!canSnapshot(world, guest)) throw dies('snapshot feature is not available')
}

function addSnapshot(at: GuestCall, name: string, withMemory: boolean): void {
  const { call, world, guest } = at
  const state = withMemory ? { vmstate: allocateState(world, guest, stateStorage(at), name) } : {}
  guest.snapshots.push({
    name,
    description: textOf(call, 'description') ?? '',
    takenAtMs: world.now(),
    withMemory,
    parent: guest.parent,
    config: { ...guest.config, ...state },
  })
  guest.parent = name
}

function snapshotLog(guest: SimGuest): string {
  return Object.entries(guest.config)
    .filter(([key]) => /^(?:scsi|virtio|sata|ide|rootfs|mp)\d*$/.test(key))
    .map(([key, value]) => `snapshotting '${key}' (${String(value).split(',')[0]})`)
    .join('\n')
}

function describe(at: GuestCall): null {
  const { call, world, guest } = at
  const snapshot = snapshotOf(guest, nameIn(at))
  needQuorum(world)
  needUnlocked(guest)
  const description = textOf(call, 'description')
  if (description === undefined) return null
  guest.snapshots = guest.snapshots.map((one) => (one === snapshot ? { ...one, description } : one))
  return null
}

function rollback(at: GuestCall): string {
  const { call, world } = at
  const name = nameIn(at)
  needQuorum(world)
  return startGuestTask(at, {
    type: 'rollback',
    lock: 'rollback',
    check: () => needRollbackable(at, name),
    steps: [
      {
        seconds: 2,
        log: `rolling back to '${name}'`,
        effect: () => rollBack(at, name, flagOf(call, 'start')),
      },
    ],
  })
}

function remove(at: GuestCall): string {
  const { call, world, guest } = at
  const name = nameIn(at)
  const isForced = flagOf(call, 'force')
  needQuorum(world)
  return startGuestTask(at, {
    type: 'delsnapshot',
    lock: 'snapshot-delete',
    check: () => {
      if (!isForced) needUnlocked(guest)
      snapshotOf(guest, name)
    },
    steps: [
      {
        seconds: 1,
        effect: () => {
          dropState(world, guest, snapshotOf(guest, name))
          dropSnapshot(guest, name)
        },
      },
    ],
  })
}

function nameIn({ call }: GuestCall): string {
  return textOf(call, 'snapname') ?? ''
}
