// SPDX-License-Identifier: GPL-3.0-or-later
/** Waits for a task that somebody started, reads its log, stops it. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { Permission, RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import { pveFailed } from '../errors.ts'
import { watchTask } from '../follow-task.ts'
import { NodeName } from '../guest-ref.ts'
import { unchanged, verdictOf, Changed } from '../guest-change.ts'
import { line, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { LOG_PAGE } from '../task-routes.ts'
import { outcomeOf, parseUpid } from '../upid.ts'
import type { Upid } from '../upid.ts'
import { lineOf, numberOf, rowsOf } from '../values.ts'
import { until } from '../waiting.ts'

const TaskRef = z.strictObject({
  node: NodeName.describe('the node that the task runs on'),
  upid: z
    .string()
    .max(256)
    .regex(/^UPID:[^\s/]+:$/)
    .describe('the name of the task, as the job that started it tells it'),
})
type TaskRef = z.infer<typeof TaskRef>

const RESOURCES = { node: 'node', upid: 'upid' } as const
const STATUS = route('GET /nodes/{node}/tasks/{upid}/status', { query: {}, others: 'forbidden' })
const LOG = route('GET /nodes/{node}/tasks/{upid}/log', {
  query: { start: { min: 0 }, limit: { min: 1, max: LOG_PAGE } },
  others: 'forbidden',
})

const TaskState = z.object({
  upid: z.string(),
  type: z.string().describe('"qmstart", "vzdump" and so on'),
  id: z.string().describe('what it is about, mostly the number of a guest'),
  startedBy: z.string(),
  startedAt: z.string().describe('RFC 3339'),
  outcome: z.enum(['running', 'ok', 'warnings', 'failed', 'unknown']),
  exitStatus: z.string().nullable(),
  lastLines: z.array(z.string()).describe('the end of its log'),
})

const MAX_WAIT_SECONDS = 21_600

/** Waits for a task. */
export const taskWait = defineJob({
  summary: 'Wait until a task has ended, and tell how; that it failed is an answer, not a failure',
  effect: 'read',
  input: TaskRef.extend({
    withinSeconds: z.int().min(1).max(MAX_WAIT_SECONDS).default(600).describe('how long to wait'),
  }),
  output: TaskState,
  resources: RESOURCES,
  permissions: { pve: permissionOf([STATUS, LOG]) },
  limits: { perMinute: 60, timeoutMs: MAX_WAIT_SECONDS * 1_000 + 60_000 },
  async run(context) {
    const { input, use } = context
    const upid = ownUpid(input)
    const withinMs = input.withinSeconds * 1_000
    const stopped = await watchTask(context, { pve: pveOf(use.pve), upid, withinMs })
    return {
      upid: upid.text,
      type: upid.type,
      id: upid.id,
      startedBy: upid.user,
      startedAt: new Date(upid.startTime * 1_000).toISOString(),
      outcome: stopped === undefined ? ('running' as const) : stopped.outcome.kind,
      exitStatus: stopped?.exitStatus ?? null,
      lastLines: [...(stopped?.lastLines ?? [])],
    }
  },
})

const MAX_LINES = 1_000

/** Reads the log of a task. */
export const taskLog = defineJob({
  summary: 'Read lines of the log of a task',
  effect: 'read',
  input: TaskRef.extend({
    start: z.int().min(0).default(0).describe('how many lines to leave out at the beginning'),
    limit: z.int().min(1).max(MAX_LINES).default(500).describe('how many lines at most'),
  }),
  output: z.object({
    lines: z.array(z.object({ number: z.number(), text: z.string() })),
    isCut: z.boolean().describe('whether there may be more lines; go on with start'),
  }),
  resources: RESOURCES,
  permissions: { pve: permissionOf([LOG]) },
  limits: { perMinute: 60, timeoutMs: 60_000 },
  async run({ input, use }) {
    const upid = ownUpid(input)
    const { log } = pveOf(use.pve).nodes.$(upid.node).tasks.$(upid.text)
    const lines: { number: number; text: string }[] = []
    for (;;) {
      const wanted = Math.min(LOG_PAGE, input.limit - lines.length)
      if (wanted === 0) return { lines, isCut: true }
      const rows = rowsOf(await log.$get({ start: input.start + lines.length, limit: wanted }))
      const page = rows.flatMap(({ n, t }) => {
        const number = numberOf(n)
        if (number === undefined || t === 'no content') return []
        return [{ number, text: lineOf(t ?? '', 800) }]
      })
      lines.push(...page)
      if (page.length < wanted) return { lines, isCut: false }
    }
  },
})

/** Stops a task. */
export const taskStop = defineJob({
  summary: 'Stop a task that runs; what it was doing is left as it is then',
  effect: 'change',
  input: TaskRef,
  output: Changed,
  resources: RESOURCES,
  permissions: {
    pve: permissionOf([
      STATUS,
      route('DELETE /nodes/{node}/tasks/{upid}', { query: {}, others: 'forbidden' }),
    ]),
  },
  limits: { perMinute: 30, timeoutMs: 90_000 },
  async plan({ input, use }) {
    const upid = ownUpid(input)
    const { isRunning } = await stateOf(pveOf(use.pve), upid)
    const { type, id, user } = upid
    const what = `task ${type} about ${id || 'the node'}, started by ${user}`
    const change = isRunning
      ? line('change', `${what}, is stopped; what it was doing is left as it is then`)
      : line('note', `${what}, has ended already`)
    return planOf([change], { task: { type, id, startedBy: user }, isRunning })
  },
  async run({ input, use, signal }) {
    const upid = ownUpid(input)
    const pve = pveOf(use.pve)
    const before = await stateOf(pve, upid)
    if (!before.isRunning) return unchanged(`the task had ended: ${before.exitStatus}`)
    await pve.nodes.$(upid.node).tasks.$(upid.text).$delete()
    const look = async () => ((await stateOf(pve, upid)).isRunning ? undefined : true)
    const isOver = await until(look, { withinMs: 30_000, signal })
    const notes = isOver === true ? [] : ['it was asked to stop and has not ended yet']
    return { changed: true, upid: upid.text, notes }
  },
  verify: ({ input, use }) =>
    verdictOf(async () => {
      const { isRunning, exitStatus } = await stateOf(pveOf(use.pve), ownUpid(input))
      if (isRunning) return { verdict: 'contradicted', message: 'the task is still running' }
      return { verdict: 'verified', message: `the task has ended: ${exitStatus}` }
    }),
})

function permissionOf(routes: readonly RouteScope[]): Permission<'endpoint'> {
  return endpoint('pve', routes)
}

/** Throws: ERR_PVE_UPID for a name that is none, or that is of another node. */
function ownUpid({ node, upid: text }: TaskRef): Upid {
  const upid = parseUpid(text)
  if (upid.node === node) return upid
  throw pveFailed('ERR_PVE_UPID', `the task runs on ${upid.node}, not on ${node}`, {
    details: { effect: 'none' },
  })
}

async function stateOf(
  pve: Pve,
  upid: Upid,
): Promise<{ readonly isRunning: boolean; readonly exitStatus: string }> {
  const said = await pve.nodes.$(upid.node).tasks.$(upid.text).status.$get()
  const outcome = outcomeOf(said['exitstatus'])
  const exitStatus = outcome.kind === 'unknown' ? 'without saying how' : String(said['exitstatus'])
  return { isRunning: said.status === 'running', exitStatus: lineOf(exitStatus) }
}
