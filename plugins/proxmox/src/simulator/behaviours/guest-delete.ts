// SPDX-License-Identifier: GPL-3.0-or-later
/** Destroying guests. */
import { type Behaviours, dies } from '../contract.ts'
import { destroy, needNoLinkedClones, purge } from '../guests/destroy.ts'
import {
  type GuestCall,
  forGuests,
  nameOf,
  needUnlocked,
  needUnprotected,
  serviceOf,
  skipsLock,
} from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import { flagOf } from '../guests/params.ts'
import { stopped } from '../guests/power.ts'
import { needQuorum } from '../quorum.ts'

/** The end of guests. */
export const guestDeleteBehaviours: Behaviours = forGuests({ 'DELETE ': remove })

function remove(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  needRemovable(at)
  needQuorum(world)
  const purges = flagOf(call, 'purge')
  let log = ''
  return startGuestTask(at, {
    type: 'destroy',
    check: () => {
      if (!isForced) needUnlocked(guest)
      needRemovable(at)
      needNoLinkedClones(world, guest)
    },
    lock: 'destroyed',
    steps: [
      ...(guest.status === 'running'
        ? [
            {
              seconds: 1,
              log: `forced to stop ${nameOf(guest)} before destroying!`,
              effect: () => stopped(world, guest),
            },
          ]
        : []),
      {
        seconds: 1,
        effect: () => {
          log = destroy(world, guest, flagOf(call, 'destroy-unreferenced-disks')).join('\n')
        },
        log: () => log,
      },
      ...(purges
        ? [
            {
              seconds: 0,
              log: `purging ${nameOf(guest)} from related configurations..`,
              effect: () => purge(world, guest),
            },
          ]
        : []),
    ],
  })
}

function needRemovable({ call, world, guest }: GuestCall): void {
  needUnprotected(guest, `can't remove ${nameOf(guest)}`)
  if (world.ha.resources.has(serviceOf(guest)) && !flagOf(call, 'purge')) {
    throw dies(
      `unable to remove ${nameOf(guest)} - used in HA resources and purge parameter not set.`,
    )
  }
  if (guest.status !== 'running') return
  if (guest.type === 'qemu') throw dies(`${nameOf(guest)} is running - destroy failed`)
  if (!flagOf(call, 'force'))
    throw dies(`unable to destroy ${nameOf(guest)} - container is running`)
}
