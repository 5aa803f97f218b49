// SPDX-License-Identifier: GPL-3.0-or-later
/** Asking the HA manager to start, stop or move a guest, which it then does by tasks of its own. */
import { startTask } from '../tasks.ts'
import { type GuestCall, nameOf, needUnlocked, serviceOf } from './guest.ts'
import { startGuestTask } from './guest-task.ts'
import { needStartable, started, stopped } from './power.ts'

/** How long the manager takes to see a request and to have a node act on it. Units: simulated seconds. */
const MANAGER_SECONDS = 5

/** Starts the task `hastart` or `hastop`; the guest follows some seconds later. */
export function askHa(at: GuestCall, verb: 'start' | 'stop'): string {
  const { world, guest, call } = at
  const effect = () => {
    const resource = world.ha.resources.get(serviceOf(guest))
    if (resource !== undefined) resource.state = verb === 'start' ? 'started' : 'stopped'
    follow(at, verb)
  }
  return startTask(world, {
    node: guest.node,
    type: `ha${verb}`,
    id: String(guest.vmid),
    user: call.user,
    steps: [{ seconds: 1, log: `Requesting HA ${verb} for ${nameOf(guest)}`, effect }],
  })
}

/** What the node's manager does by itself, as root. */
function follow(at: GuestCall, verb: 'start' | 'stop'): void {
  const { world, guest } = at
  const isThere = (guest.status === 'running') === (verb === 'start')
  if (isThere) return
  startGuestTask(at, {
    user: 'root@pam',
    type: verb === 'start' ? 'start' : 'shutdown',
    check: () => (verb === 'start' ? needStartable(at, false) : needUnlocked(guest)),
    steps: [
      {
        seconds: MANAGER_SECONDS,
        effect: () => (verb === 'start' ? started(world, guest) : stopped(world, guest)),
      },
    ],
  })
}
