// SPDX-License-Identifier: GPL-3.0-or-later
/** Follows a task to its end, and says how it ended. */
import { setTimeout as delay } from 'node:timers/promises'
import { isCodedError } from '@sallyport/sdk'
import { pveFailed } from './errors.ts'
import type { Pve } from './pve.ts'
import { LOG_PAGE } from './task-routes.ts'
import { outcomeOf } from './upid.ts'
import type { TaskOutcome, Upid } from './upid.ts'
import { lineOf, numberOf, rowsOf, textOf } from './values.ts'

/** What following a task needs of a job's context. */
export interface FollowContext {
  readonly signal: AbortSignal
  progress(message: string): void
}

/** A task to follow. */
export interface Following {
  readonly pve: Pve
  readonly upid: Upid
  /** How long to wait for its end; less than the job's own time. Units: milliseconds. */
  readonly withinMs: number
}

/** A task that stopped, however it ended. */
export interface StoppedTask {
  readonly outcome: TaskOutcome
  readonly exitStatus: string
  /** Lines of its log that warn. */
  readonly warnings: readonly string[]
  /** The last lines of its log. */
  readonly lastLines: readonly string[]
}

/** A task that did what was asked. */
export interface TaskEnd {
  readonly upid: string
  /** What it warned of; none as a rule. */
  readonly notes: string[]
  /** The last lines of its log. */
  readonly lastLines: readonly string[]
}

const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 2_000
/** Lines told to the operator: per look and in all. The whole log stays on the node. */
const LINES_PER_LOOK = 3
const MAX_LINES_TOLD = 200
const LAST_LINES = 12
const MAX_NOTES = 10
const MAX_PAGES_PER_LOOK = 20

/** Codes after which a look at a running task is worth another. */
const PASSING = new Set([
  'ERR_ENDPOINT_ANSWER',
  'ERR_ENDPOINT_UNREACHABLE',
  'ERR_LIMIT',
  'ERR_PVE_ANSWER',
  'ERR_PVE_NODE_OFFLINE',
])

/**
 * Follows a task to its end.
 *
 * Throws: ERR_PVE_TASK when it failed or stopped without saying how, ERR_PVE_TASK_RUNNING when the time is over,
 * ERR_PVE_OUTCOME when Proxmox VE tells no more of it, and the signal's reason.
 */
export async function followTask(context: FollowContext, following: Following): Promise<TaskEnd> {
  const stopped = await watchTask(context, following).catch((error: unknown) => {
    throw isCodedError(error) && TOLD.has(error.code) ? outOfSight(following, error) : error
  })
  if (stopped === undefined) throw stillRunning(following)
  return endOf(following.upid, stopped)
}

/**
 * Looks at a task until it stopped, and tells the new lines of its log as progress; undefined when the time is over.
 *
 * Time: looks every 0.1 to 2 seconds; a node that cannot be reached meanwhile is waited for.
 * Throws: the signal's reason, and what Proxmox VE refuses.
 */
export async function watchTask(
  context: FollowContext,
  { pve, upid, withinMs }: Following,
): Promise<StoppedTask | undefined> {
  const log = new TaskLog(pve, upid, context)
  const endsAtMs = Date.now() + withinMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 1.4, MAX_WAIT_MS)) {
    const status = await statusOf(pve, upid)
    await log.read()
    if (status?.isStopped === true) {
      const { warnings, lines } = log
      const exitStatus = lineOf(status.exitStatus ?? '')
      return { outcome: outcomeOf(status.exitStatus), exitStatus, warnings, lastLines: lines }
    }
    if (Date.now() + waitMs > endsAtMs) return undefined
    await delay(waitMs, undefined, { signal: context.signal })
  }
}

/** A failure with a code, of this plugin or of a handle. */
interface CodedFailure {
  readonly code: string
  readonly message: string
}

/** Refusals that may come instead of the state of a task. */
const TOLD = new Set([
  'ERR_PVE_AUTH',
  'ERR_PVE_NO_QUORUM',
  'ERR_PVE_PARAMETER',
  'ERR_PVE_PERMISSION',
  'ERR_PVE_REFUSED',
])

interface TaskStatus {
  readonly isStopped: boolean
  readonly exitStatus: unknown
}

/** Undefined while its node cannot be asked. */
async function statusOf(pve: Pve, upid: Upid): Promise<TaskStatus | undefined> {
  try {
    const said = await pve.nodes.$(upid.node).tasks.$(upid.text).status.$get()
    if (textOf(said['upid']) !== undefined && said['upid'] !== upid.text) {
      throw pveFailed('ERR_PVE_UPID', `asked for ${upid.text}, told of ${lineOf(said['upid'])}`)
    }
    return { isStopped: said.status === 'stopped', exitStatus: said['exitstatus'] }
  } catch (error) {
    if (isCodedError(error) && PASSING.has(error.code)) return undefined
    throw error
  }
}

/** The log of a task as far as it was read. */
class TaskLog {
  readonly lines: string[] = []
  readonly warnings: string[] = []
  readonly #pve: Pve
  readonly #upid: Upid
  readonly #context: FollowContext
  #readCount = 0
  #toldCount = 0

  constructor(pve: Pve, upid: Upid, context: FollowContext) {
    this.#pve = pve
    this.#upid = upid
    this.#context = context
  }

  /** Reads what is new. Why nothing is thrown: a log that cannot be read does not change how the task ended. */
  async read(): Promise<void> {
    try {
      for (let page = 0; page < MAX_PAGES_PER_LOOK; page++) {
        if ((await this.#readPage()) < LOG_PAGE) return
      }
    } catch (error) {
      if (!isCodedError(error)) throw error
    }
  }

  /** The number of new lines. */
  async #readPage(): Promise<number> {
    const { log } = this.#pve.nodes.$(this.#upid.node).tasks.$(this.#upid.text)
    const rows = rowsOf(await log.$get({ start: this.#readCount, limit: LOG_PAGE }))
    const fresh = rows.filter(({ n, t }) => {
      return (numberOf(n) ?? 0) > this.#readCount && t !== 'no content'
    })
    this.#readCount += fresh.length
    this.#take(fresh.map(({ t }) => lineOf(t ?? '')).filter((line) => line !== ''))
    return fresh.length
  }

  #take(fresh: readonly string[]): void {
    this.lines.push(...fresh)
    this.lines.splice(0, this.lines.length - LAST_LINES)
    this.warnings.push(...fresh.filter((line) => /^(?:WARN|WARNING)\b/.test(line)))
    this.warnings.splice(MAX_NOTES)
    for (const line of fresh.slice(-LINES_PER_LOOK)) {
      this.#toldCount += 1
      if (this.#toldCount <= MAX_LINES_TOLD) this.#context.progress(line)
    }
  }
}

function endOf(upid: Upid, stopped: StoppedTask): TaskEnd {
  const { outcome, exitStatus, lastLines } = stopped
  const details = { upid: upid.text, exitStatus, lastLines }
  switch (outcome.kind) {
    case 'ok':
      return { upid: upid.text, notes: [], lastLines }
    case 'warnings': {
      const told = `the task ended with ${outcome.count} warning${outcome.count === 1 ? '' : 's'}`
      return { upid: upid.text, notes: [told, ...stopped.warnings], lastLines }
    }
    case 'unknown':
      throw pveFailed(
        'ERR_PVE_TASK',
        `the task ${upid.type} stopped without saying how; look at what it was to change before doing it again`,
        { details: { ...details, effect: 'unknown' } },
      )
    case 'failed':
      throw pveFailed(
        'ERR_PVE_TASK',
        `the task ${upid.type} failed: ${outcome.why}; its log: proxmox/task.log with node=${upid.node} and upid=${upid.text}`,
        { details: { ...details, effect: 'partial' } },
      )
  }
}

function outOfSight({ upid }: Following, cause: CodedFailure): Error {
  return pveFailed(
    'ERR_PVE_OUTCOME',
    `the task ${upid.text} was started and cannot be seen any more: ${cause.message}; see how it ended with proxmox/task.wait, node=${upid.node} and upid=${upid.text}`,
    { details: { upid: upid.text, node: upid.node, cause: cause.code, effect: 'unknown' }, cause },
  )
}

function stillRunning({ upid, withinMs }: Following): Error {
  return pveFailed(
    'ERR_PVE_TASK_RUNNING',
    `the task ${upid.text} has not ended within ${Math.round(withinMs / 1000)} s; it goes on by itself: wait for it with proxmox/task.wait, node=${upid.node} and upid=${upid.text}`,
    { details: { upid: upid.text, node: upid.node, effect: 'unknown' } },
  )
}
