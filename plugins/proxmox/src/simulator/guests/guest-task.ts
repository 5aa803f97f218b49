// SPDX-License-Identifier: GPL-3.0-or-later
/** Tasks on one guest: one at a time, checked when they begin, with the guest's lock borne meanwhile. */
import { dies } from '../contract.ts'
import { startTask } from '../tasks.ts'
import type { SimGuest, SimTask, SimTaskStep, World } from '../world.ts'
import { configPath, type GuestCall } from './guest.ts'

/** How long a task waits for another that holds the guest's configuration. Units: simulated seconds. */
const LOCK_WAIT_SECONDS = 10

/** A task on a guest. */
export interface GuestTask {
  /** `start` becomes `qmstart` or `vzstart`; a whole type is written with a leading `=`. */
  readonly type: string
  /** Throws what makes the task fail as it begins. */
  readonly check?: () => void
  /** What the guest is locked with until the task is over. */
  readonly lock?: string
  readonly steps: readonly SimTaskStep[]
  /** Undoes what was begun when the task fails or is stopped. */
  readonly undo?: () => void
  /** Whether it needs the guest's configuration for itself; true unless given. */
  readonly isExclusive?: boolean
  /** In whose name; the caller's unless given. */
  readonly user?: string
}

/** Starts a task on the guest of a call and gives its UPID. */
export function startGuestTask(at: GuestCall, plan: GuestTask): string {
  const { world, guest, call } = at
  let hasBegun = false
  const unlock = () => {
    if (plan.lock !== undefined && guest.lock === plan.lock) guest.lock = undefined
  }
  const begin = () => {
    needStillThere(world, guest)
    plan.check?.()
    hasBegun = true
    if (plan.lock !== undefined) guest.lock = plan.lock
  }
  return startTask(world, {
    node: guest.node,
    type: taskType(guest, plan.type),
    id: String(guest.vmid),
    user: plan.user ?? call.user,
    steps: [
      ...(plan.isExclusive === false ? [] : waitFor(world, guest)),
      { seconds: 0, effect: begin },
      ...plan.steps,
      { seconds: 0, effect: unlock },
    ],
    onFailure: () => {
      if (!hasBegun) return
      unlock()
      plan.undo?.()
    },
  })
}

/** `qmstart` and the like. */
export function taskType(guest: SimGuest, type: string): string {
  if (type.startsWith('=')) return type.slice(1)
  return `${guest.type === 'qemu' ? 'qm' : 'vz'}${type}`
}

/** The tasks on a guest that are under way, `qmstart` and the like. */
export function tasksUnderWay(world: World, guest: SimGuest, types: readonly string[]): SimTask[] {
  const names = types.map((type) => taskType(guest, type))
  return [...world.tasks.values()].filter(
    (task) =>
      task.exitStatus === undefined && task.id === String(guest.vmid) && names.includes(task.type),
  )
}

const HOLDERS = [
  'start',
  'stop',
  'shutdown',
  'reboot',
  'destroy',
  'suspend',
  'resume',
  '=resize',
  '=move_volume',
  '=qmmove',
]

function waitFor(world: World, guest: SimGuest): SimTaskStep[] {
  const rest = Math.max(
    0,
    ...tasksUnderWay(world, guest, HOLDERS).map((task) => secondsLeft(world, task)),
  )
  if (rest === 0) return []
  const log = `trying to acquire lock...`
  if (rest <= LOCK_WAIT_SECONDS) return [{ seconds: rest, log: `${log}\n OK` }]
  const fails = `can't lock file '${lockFile(guest)}' - got timeout`
  return [{ seconds: LOCK_WAIT_SECONDS, log, fails }]
}

function secondsLeft(world: World, task: SimTask): number {
  const rest = task.steps.slice(1).reduce((sum, step) => sum + step.seconds, 0)
  return Math.max(0, task.stepEndsAtMs - world.now()) / world.secondMs + rest
}

function lockFile(guest: SimGuest): string {
  return guest.type === 'qemu'
    ? `/var/lock/qemu-server/lock-${guest.vmid}.conf`
    : `/run/lock/lxc/pve-config-${guest.vmid}.lock`
}

function needStillThere(world: World, guest: SimGuest): void {
  if (world.guests.get(guest.vmid) === guest) return
  throw dies(
    `Configuration file '${configPath(guest.node, guest.type, guest.vmid)}' does not exist`,
  )
}
