// SPDX-License-Identifier: GPL-3.0-or-later
/** Starting, stopping, pausing and resuming guests. */
import { type Behaviours, dies } from '../contract.ts'
import { askHa } from '../guests/ha.ts'
import {
  type GuestCall,
  forGuests,
  isHaManaged,
  nameOf,
  needUnlocked,
  skipsLock,
} from '../guests/guest.ts'
import { startGuestTask, tasksUnderWay } from '../guests/guest-task.ts'
import { flagOf, numberOf } from '../guests/params.ts'
import { needStartable, saveState, started, stopped, wakeFromState } from '../guests/power.ts'
import { needQuorum } from '../quorum.ts'
import { stopTask } from '../tasks.ts'

const START_SECONDS = 2
const STOP_SECONDS = 1
const SHUTDOWN_SECONDS = 5
/** How long a guest is given to shut down unless the caller says otherwise. Units: seconds. */
const SHUTDOWN_TIMEOUT_SECONDS = 60

/** The power of guests. */
export const guestPowerBehaviours: Behaviours = {
  ...forGuests({
    'POST /status/start': start,
    'POST /status/stop': stop,
    'POST /status/shutdown': shutdown,
    'POST /status/reboot': reboot,
  }),
  ...forGuests(
    { 'POST /status/reset': reset, 'POST /status/suspend': suspend, 'POST /status/resume': resume },
    ['qemu'],
  ),
  ...forGuests({ 'POST /status/suspend': checkpoint, 'POST /status/resume': restoreCheckpoint }, [
    'lxc',
  ]),
}

function start(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  if (guest.type === 'lxc' && guest.status === 'running')
    throw dies(`${nameOf(guest)} already running`)
  needQuorum(world)
  if (isHaManaged(world, guest)) return askHa(at, 'start')
  return startGuestTask(at, {
    type: 'start',
    check: () => needStartable(at, isForced),
    steps: [{ seconds: START_SECONDS, effect: () => started(world, guest) }],
  })
}

function stop(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  if (guest.type === 'lxc') needRunning(at)
  if (isHaManaged(world, guest)) return askHa(at, 'stop')
  if (flagOf(call, 'overrule-shutdown')) {
    for (const task of tasksUnderWay(world, guest, ['shutdown'])) stopTask(world, task.upid)
  }
  return startGuestTask(at, {
    type: 'stop',
    check: () => (isForced ? undefined : needUnlocked(guest)),
    steps: [{ seconds: STOP_SECONDS, effect: () => stopped(world, guest) }],
  })
}

function shutdown(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  if (guest.type === 'lxc') needRunning(at)
  const isPaused =
    guest.type === 'qemu' && guest.status === 'running' && guest.qmpStatus === 'paused'
  if (isPaused && !flagOf(call, 'forceStop')) throw dies('VM is paused - cannot shutdown')
  if (isHaManaged(world, guest)) return askHa(at, 'stop')
  return startGuestTask(at, {
    type: 'shutdown',
    check: () => (isForced ? undefined : needUnlocked(guest)),
    steps: shutdownSteps(at),
  })
}

function shutdownSteps(at: GuestCall) {
  const { call, world, guest } = at
  const timeout = numberOf(call, 'timeout') ?? SHUTDOWN_TIMEOUT_SECONDS
  const isGone = { effect: () => stopped(world, guest) }
  if (guest.status === 'stopped') return []
  if (guest.obeysShutdown && timeout > 0)
    return [{ seconds: Math.min(SHUTDOWN_SECONDS, timeout), ...isGone }]
  if (flagOf(call, 'forceStop')) {
    const log =
      guest.type === 'qemu'
        ? 'VM still running - terminating now with SIGTERM'
        : 'forcing container to stop'
    return [
      { seconds: timeout, log },
      { seconds: STOP_SECONDS, ...isGone },
    ]
  }
  const fails =
    guest.type === 'qemu' ? 'VM quit/powerdown failed - got timeout' : 'container did not stop'
  return [{ seconds: timeout, fails }]
}

function reboot(at: GuestCall): string {
  const { world, guest } = at
  if (guest.status !== 'running') throw dies(`VM ${guest.vmid} not running`)
  const down = shutdownSteps(at)
  const isDown = down.every((step) => !('fails' in step))
  return startGuestTask(at, {
    type: 'reboot',
    check: () => needUnlocked(guest),
    steps: isDown
      ? [...down, { seconds: START_SECONDS, effect: () => started(world, guest) }]
      : down,
  })
}

function reset(at: GuestCall): string {
  const { call, world, guest } = at
  const isForced = skipsLock(call)
  needRunning(at)
  return startGuestTask(at, {
    type: 'reset',
    check: () => (isForced ? undefined : needUnlocked(guest)),
    steps: [{ seconds: 1, effect: () => started(world, guest, { keepsPending: true }) }],
  })
}

function suspend(at: GuestCall): string {
  const { call, guest } = at
  const isForced = skipsLock(call)
  needRunning(at)
  const check = () => (isForced ? undefined : needUnlocked(guest))
  if (flagOf(call, 'todisk')) return saveState(at, check)
  const effect = () => {
    guest.qmpStatus = 'paused'
  }
  return startGuestTask(at, { type: 'pause', check, steps: [{ seconds: 1, effect }] })
}

function resume(at: GuestCall): string {
  const { call, guest } = at
  const isForced = skipsLock(call)
  if (guest.lock === 'suspended') return wakeFromState(at)
  needRunning(at)
  const effect = () => {
    guest.qmpStatus = 'running'
  }
  const check = () => (isForced ? undefined : needUnlocked(guest))
  return startGuestTask(at, { type: 'resume', check, steps: [{ seconds: 1, effect }] })
}

/** Containers are suspended by CRIU, which does not know how: the task fails as it does on real nodes. */
function checkpoint(at: GuestCall): string {
  needRunning(at)
  const fails = `command 'lxc-checkpoint -n ${at.guest.vmid} -s -D /var/lib/vz/dump' failed: exit code 1`
  const check = () => needUnlocked(at.guest)
  return startGuestTask(at, {
    type: 'suspend',
    check,
    steps: [{ seconds: 1, log: 'checkpointing failed', fails }],
  })
}

function restoreCheckpoint(at: GuestCall): string {
  if (at.guest.status === 'running') throw dies(`${nameOf(at.guest)} already running`)
  const fails = `command 'lxc-checkpoint -n ${at.guest.vmid} -r --foreground -D /var/lib/vz/dump' failed: exit code 1`
  return startGuestTask(at, {
    type: 'resume',
    steps: [{ seconds: 1, log: 'restoring from a checkpoint failed', fails }],
  })
}

function needRunning({ guest }: GuestCall): void {
  if (guest.status !== 'running') throw dies(`${nameOf(guest)} not running`)
}
