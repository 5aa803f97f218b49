// SPDX-License-Identifier: GPL-3.0-or-later
/** Starts a task at most once and follows it to its end, also when the answer is lost or the agent stops in between. */
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { isLost, pveFailed } from './errors.ts'
import { findNewTask, isWanted, listTasks } from './find-task.ts'
import type { WantedTask } from './find-task.ts'
import { followTask } from './follow-task.ts'
import type { FollowContext, TaskEnd } from './follow-task.ts'
import type { Pve } from './pve.ts'
import { parseUpid } from './upid.ts'
import type { Upid } from './upid.ts'

export type { TaskEnd } from './follow-task.ts'
export { taskRoutes } from './task-routes.ts'

/** What starting a task needs of a job's context. */
export interface StartContext extends FollowContext {
  keep(value: unknown): Promise<void>
}

/** A task to start. */
export interface TaskToRun extends WantedTask {
  readonly pve: Pve
  /** Makes the one request that starts it, and returns what was answered. */
  start(): Promise<unknown>
  /** How long to wait for its end; less than the job's own time. Units: milliseconds. */
  readonly withinMs: number
  /** Looks whether what was asked for has happened; asked when the answer was lost and no task is found. */
  hasHappened?(): Promise<boolean>
  /** Pauses before each look for a task whose answer was lost. Units: milliseconds. */
  readonly waitsMs?: readonly number[]
}

/** What a run keeps, so that it can be taken up after the agent stopped. */
const Kept = z.object({
  node: z.string(),
  types: z.array(z.string()),
  id: z.string(),
  seen: z.array(z.string()),
  upid: z.string().optional(),
})

const WAITS_MS = [0, 500, 1_500]

/**
 * Starts a task and follows it to its end. The request is made once, whatever becomes of its answer.
 *
 * Throws: what `start` throws when nothing was started, ERR_PVE_UPID when another task was named than was asked for,
 * ERR_PVE_NOT_STARTED when the answer was lost and nothing happened, ERR_PVE_OUTCOME when that cannot be told, and as
 * `followTask` does.
 *
 * @example
 * await runTask(context, {
 *   pve, node, types: ['qmstart', 'hastart'], id: String(vmid), withinMs: 240_000,
 *   start: () => pve.nodes.$(node).qemu.$(vmid).status.start.$post(),
 * })
 */
export async function runTask(context: StartContext, task: TaskToRun): Promise<TaskEnd> {
  const { pve, node, types, id, withinMs } = task
  const seen = (await listTasks(pve, task)).map(({ text }) => text)
  const kept = { node, types: [...types], id, seen }
  await context.keep(kept)
  const upid = await startOnce(context, task, seen)
  await context.keep({ ...kept, upid: upid.text })
  return followTask(context, { pve, upid, withinMs })
}

/**
 * Finds the task of a run that the agent did not see to its end, and follows it. Only ever looks.
 *
 * Throws: as `runTask` does; ERR_PVE_OUTCOME when `kept` tells of no task.
 */
export async function resumeTask(
  context: FollowContext & { readonly kept: unknown },
  task: Omit<TaskToRun, 'start'>,
): Promise<TaskEnd> {
  const { pve, withinMs } = task
  const kept = Kept.safeParse(context.kept)
  if (!kept.success || kept.data.node !== task.node || kept.data.id !== task.id) {
    throw outcomeOpen(task, 'what the run kept tells of no task')
  }
  const { upid, seen } = kept.data
  const wanted = { ...task, types: kept.data.types }
  const own = upid === undefined ? await lost(context, wanted, seen) : ownTask(upid, wanted, [])
  return followTask(context, { pve, upid: own, withinMs })
}

async function startOnce(
  context: StartContext,
  task: TaskToRun,
  seen: readonly string[],
): Promise<Upid> {
  let answer: unknown
  try {
    answer = await task.start()
  } catch (error) {
    if (!isLost(error)) throw error
    context.progress('the answer was lost; looking for the task')
    return lost(context, task, seen)
  }
  return ownTask(answer, task, seen)
}

/** The task that was named. Why so strict: following a task of someone else, its end would be taken for this one's. */
function ownTask(answer: unknown, task: WantedTask, seen: readonly string[]): Upid {
  const upid = upidIn(answer)
  if (isWanted(upid, task) && !seen.includes(upid.text)) return upid
  const about = task.id === '' ? '' : ` for ${task.id}`
  const why = seen.includes(upid.text) ? 'a task that was there before' : 'a task of another kind'
  throw pveFailed(
    'ERR_PVE_UPID',
    `asked for ${task.types.join(' or ')}${about} on ${task.node}, told of ${upid.text}, ${why}; what was asked for may have happened: look before doing it again`,
    { details: { upid: upid.text, effect: 'unknown' } },
  )
}

/** Why not the failure of `parseUpid` as it is: what was asked for may have happened. */
function upidIn(answer: unknown): Upid {
  try {
    return parseUpid(answer)
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw pveFailed(
      'ERR_PVE_UPID',
      `${error.message}; what was asked for may have happened: look before doing it again`,
      { details: { effect: 'unknown' } },
    )
  }
}

/** The task of a request whose answer did not come. */
async function lost(
  context: FollowContext,
  task: Omit<TaskToRun, 'start'>,
  seen: readonly string[],
): Promise<Upid> {
  const { pve, waitsMs = WAITS_MS, hasHappened } = task
  const search = { waitsMs, signal: context.signal }
  const found = await findNewTask(pve, { ...task, seen }, search)
  if (found.found === 'task') return found.upid
  if (found.found === 'unseen') throw outcomeOpen(task, 'its node cannot be asked', found.cause)
  const has = hasHappened === undefined ? false : await seenState(hasHappened)
  if (has === false) throw notStarted(task)
  const why = has ? 'there is no task of it, and yet it is so' : 'the state cannot be seen'
  throw outcomeOpen(task, why)
}

/** Undefined when it cannot be seen. */
async function seenState(hasHappened: () => Promise<boolean>): Promise<boolean | undefined> {
  try {
    return await hasHappened()
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

function notStarted({ types, id, node }: WantedTask): Error {
  return pveFailed(
    'ERR_PVE_NOT_STARTED',
    `the answer to ${types[0]} was lost; node ${node} knows no such task${id === '' ? '' : ` for ${id}`} and nothing has changed: it can be done again`,
    { details: { effect: 'none' }, retryable: true },
  )
}

function outcomeOpen({ types, id, node }: WantedTask, why: string, cause?: unknown): Error {
  return pveFailed(
    'ERR_PVE_OUTCOME',
    `it is open whether ${types[0]}${id === '' ? '' : ` for ${id}`} happened on ${node}: ${why}; look at it (proxmox/guest.show, proxmox/task.log) before doing it again`,
    { details: { effect: 'unknown' }, cause },
  )
}
