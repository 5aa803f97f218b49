// SPDX-License-Identifier: GPL-3.0-or-later
/** The tasks of a simulated cluster: what takes time runs in steps, and time passes when it is asked. */
import { settleNodes } from './node-boot.ts'
import type { SimTask, SimTaskStep, TaskPlan, World } from './world.ts'

/** How many tasks are kept; the oldest that are over are dropped. */
export const MAX_TASKS = 4000
/** How many lines of a task's log are kept. */
export const MAX_LOG_LINES = 2000

/** Why a task that was stopped, or whose node went away, ended. */
export const STOPPED_BY_REQUEST = 'received interrupt'
const STOPPED_WITH_NODE = 'unexpected status'

/** What `/nodes/{node}/tasks/{upid}/status` says of a task. */
export interface TaskStatus {
  readonly upid: string
  readonly node: string
  readonly pid: number
  readonly pstart: number
  readonly starttime: number
  readonly type: string
  readonly id: string
  readonly user: string
  /** The token of the user that started it. */
  readonly tokenid?: string
  readonly status: 'running' | 'stopped'
  readonly exitstatus?: string
}

/**
 * Starts a task and gives its UPID. Its first step is over when its time has passed and `settleTasks` is called.
 *
 * Source: pve-common UPID: `UPID:node:pid:pstart:starttime:type:id:user:`, numbers in upper case hexadecimal.
 */
export function startTask(world: World, plan: TaskPlan): string {
  const startedAtMs = world.now()
  const { upid, pid, pstart } = freeUpid(world, plan, startedAtMs)
  const task: SimTask = {
    upid,
    node: plan.node,
    type: plan.type,
    id: plan.id,
    user: plan.user,
    pid,
    pstart,
    startedAtMs,
    log: [],
    steps: [...plan.steps],
    stepEndsAtMs: startedAtMs + (plan.steps[0]?.seconds ?? 0) * world.secondMs,
    endedAtMs: undefined,
    exitStatus: undefined,
    onFailure: plan.onFailure,
  }
  world.tasks.set(upid, task)
  dropOldTasks(world)
  return upid
}

/** A UPID that no task which is kept has. */
function freeUpid(
  world: World,
  plan: TaskPlan,
  atMs: number,
): Pick<SimTask, 'upid' | 'pid' | 'pstart'> {
  const pstart = Math.floor(atMs / 10) % 0xffffffff
  const starttime = hex(Math.floor(atMs / 1000))
  for (;;) {
    const pid = 1000 + Math.floor(world.random() * 0x3ffff)
    const upid = `UPID:${plan.node}:${hex(pid)}:${hex(pstart)}:${starttime}:${plan.type}:${plan.id}:${plan.user}:`
    if (!world.tasks.has(upid)) return { upid, pid, pstart }
  }
}

/** Lets the time that has passed take effect: nodes come up, steps that are over happen in the order of their times. */
export function settleTasks(world: World): void {
  const now = world.now()
  settleNodes(world)
  for (let task = nextDue(world, now); task !== undefined; task = nextDue(world, now)) {
    runStep(world, task)
  }
}

/** What is known of a task; undefined when there is none of this UPID. */
export function taskStatusOf(world: World, upid: string): TaskStatus | undefined {
  const task = world.tasks.get(upid)
  if (task === undefined) return undefined
  return {
    upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: Math.floor(task.startedAtMs / 1000),
    type: task.type,
    id: task.id,
    ...whoStarted(task),
    status: task.exitStatus === undefined ? 'running' : 'stopped',
    ...(task.exitStatus === undefined ? {} : { exitstatus: task.exitStatus }),
  }
}

/** The user of a task and its token apart, as answers show them. */
export function whoStarted(task: SimTask): { user: string; tokenid?: string } {
  const [user = '', tokenid] = task.user.split('!')
  return tokenid === undefined ? { user } : { user, tokenid }
}

/** Ends a task that runs as a request to stop it does; what it had begun is undone. */
export function stopTask(world: World, upid: string): void {
  const task = world.tasks.get(upid)
  if (task?.exitStatus === undefined && task !== undefined) {
    endTask(task, STOPPED_BY_REQUEST, world.now())
  }
}

/** Ends the tasks that ran on a node that went away. */
export function loseTasksOf(world: World, node: string): void {
  for (const task of world.tasks.values()) {
    if (task.node !== node || task.exitStatus !== undefined) continue
    task.exitStatus = STOPPED_WITH_NODE
    task.endedAtMs = world.now()
    task.onFailure?.()
  }
}

function nextDue(world: World, now: number): SimTask | undefined {
  let next: SimTask | undefined
  for (const task of world.tasks.values()) {
    if (task.exitStatus !== undefined || task.stepEndsAtMs > now) continue
    if (next === undefined || task.stepEndsAtMs < next.stepEndsAtMs) next = task
  }
  return next
}

function runStep(world: World, task: SimTask): void {
  const endsAtMs = task.stepEndsAtMs
  const step = task.steps.shift()
  const failure = step === undefined ? undefined : takeStep(task, step)
  if (task.exitStatus !== undefined) return
  if (failure !== undefined) {
    endTask(task, failure, endsAtMs)
    return
  }
  const next = task.steps[0]
  if (next === undefined) endTask(task, undefined, endsAtMs)
  else task.stepEndsAtMs = endsAtMs + next.seconds * world.secondMs
}

/** The text of the error when the step failed; lines that are no matter of its effect are logged all the same. */
function takeStep(task: SimTask, step: SimTaskStep): string | undefined {
  try {
    if (typeof step.log === 'string') writeStep(task, step, step.log)
    step.effect?.()
    if (typeof step.log === 'function') writeStep(task, step, step.log())
    return step.fails
  } catch (error) {
    return (error as Error).message
  }
}

function writeStep(task: SimTask, step: SimTaskStep, lines: string): void {
  if (lines !== '') writeLog(task, step.warns === true ? `WARN: ${lines}` : lines)
}

/** Adds lines to a task's log; a log that is full takes no more. */
function writeLog(task: SimTask, lines: string): void {
  if (task.log.length < MAX_LOG_LINES) task.log.push(...lines.split('\n'))
}

function endTask(task: SimTask, failure: string | undefined, endedAtMs: number): void {
  const warnings = task.log.filter((line) => line.startsWith('WARN: ')).length
  const ending = warnings > 0 ? `WARNINGS: ${warnings}` : 'OK'
  task.steps.length = 0
  task.exitStatus = failure?.split('\n')[0] ?? ending
  task.endedAtMs = endedAtMs
  task.log.push(failure === undefined ? `TASK ${ending}` : `TASK ERROR: ${failure}`)
  if (failure !== undefined) task.onFailure?.()
}

function dropOldTasks(world: World): void {
  if (world.tasks.size <= MAX_TASKS) return
  for (const [upid, task] of world.tasks) {
    if (task.exitStatus === undefined) continue
    world.tasks.delete(upid)
    if (world.tasks.size <= MAX_TASKS) return
  }
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0')
}
