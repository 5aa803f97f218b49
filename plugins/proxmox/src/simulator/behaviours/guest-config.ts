// SPDX-License-Identifier: GPL-3.0-or-later
/** Reading and changing the configuration of guests. */
import { type Behaviours, PveError } from '../contract.ts'
import { applyChange, changeFrom, type ConfigChange } from '../guests/config-change.ts'
import { configView, pendingView, snapshotConfigView } from '../guests/config-view.ts'
import {
  forGuests,
  type GuestCall,
  needSameDigest,
  needUnlocked,
  skipsLock,
} from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { snapshotOf } from '../guests/snapshots.ts'
import { needQuorum } from '../quorum.ts'

/** The configuration of guests. */
export const guestConfigBehaviours: Behaviours = {
  ...forGuests({
    'GET /config': readConfig,
    'PUT /config': changeNow,
    'GET /pending': ({ guest }) => pendingView(guest),
  }),
  ...forGuests({ 'POST /config': changeByTask }, ['qemu']),
}

function readConfig({ call, guest }: GuestCall): unknown {
  const isCurrent = flagOf(call, 'current')
  const name = textOf(call, 'snapshot')
  if (name === undefined) return configView(guest, isCurrent)
  if (isCurrent) {
    const text = "cannot use 'snapshot' parameter with 'current'"
    throw new PveError(400, 'Parameter verification failed.', { snapshot: text, current: text })
  }
  return snapshotConfigView(guest, snapshotOf(guest, name))
}

function changeNow(at: GuestCall): null {
  applyChange(at, checkedChange(at))
  return null
}

function changeByTask(at: GuestCall): string {
  const change = checkedChange(at)
  const options = [...change.set].map(
    ([key, value]) => `-${key} ${key === 'cipassword' ? '<hidden>' : value}`,
  )
  const deletes = change.deletes.length === 0 ? [] : [`-delete ${change.deletes.join(',')}`]
  const log = `update VM ${at.guest.vmid}: ${[...options, ...deletes].join(' ')}`
  return startGuestTask(at, {
    type: 'config',
    steps: [{ seconds: 1, log, effect: () => applyChange(at, change) }],
  })
}

function checkedChange(at: GuestCall): ConfigChange {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  const change = changeFrom(at)
  needQuorum(world)
  needSameDigest(guest, call)
  if (!isForced) needUnlocked(guest)
  return change
}
