// SPDX-License-Identifier: GPL-3.0-or-later
/** The tasks of nodes: lists, states, logs and stopping. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import { flagOf, listOf, numberOf, textOf } from '../guests/params.ts'
import { stopTask, taskStatusOf, whoStarted } from '../tasks.ts'
import type { SimTask } from '../world.ts'

const UPID =
  /^UPID:([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/
/** How many tasks `GET /cluster/tasks` shows of each node. */
const RECENT_PER_NODE = 25

/** What can be asked of tasks. */
export const taskBehaviours: Behaviours = {
  'GET /nodes/{node}/tasks': listTasks,
  'GET /nodes/{node}/tasks/{upid}': () => [{ name: 'log' }, { name: 'status' }],
  'GET /nodes/{node}/tasks/{upid}/status': (call) => {
    const task = ownTask(call, 'Sys.Audit')
    return taskStatusOf(call.world, task.upid)
  },
  'GET /nodes/{node}/tasks/{upid}/log': readLog,
  'DELETE /nodes/{node}/tasks/{upid}': (call) => {
    stopTask(call.world, ownTask(call, 'Sys.Modify').upid)
    return null
  },
  'GET /cluster/tasks': recentTasks,
}

/**
 * Source: pve-manager Tasks: the default source is what is over; what still runs has the status `RUNNING` here and is no
 * `ok`, `warning` or `error` to a filter, and its user is not taken apart.
 */
function listTasks(call: Call): unknown[] {
  const node = String(call.params['node'])
  const mayAudit = call.may(`/nodes/${node}`, 'Sys.Audit')
  const isWanted = wantedTasks(call)
  const tasks = [...call.world.tasks.values()]
    .filter((task) => task.node === node && (mayAudit || isOwn(task, call.user)) && isWanted(task))
    .reverse()
  const running = tasks.filter((task) => task.exitStatus === undefined)
  const over = tasks.filter((task) => task.exitStatus !== undefined)
  const source = textOf(call, 'source') ?? 'archive'
  const rows = [...(source === 'archive' ? [] : running), ...(source === 'active' ? [] : over)]
  const start = numberOf(call, 'start') ?? 0
  const shown = rows.slice(start, start + (numberOf(call, 'limit') ?? 50))
  call.attributes.total = rows.length
  return shown.map(rowOf)
}

function wantedTasks(call: Call): (task: SimTask) => boolean {
  const user = textOf(call, 'userfilter')?.toLowerCase()
  const type = textOf(call, 'typefilter')
  const vmid = textOf(call, 'vmid')
  const since = numberOf(call, 'since') ?? 0
  const until = numberOf(call, 'until') ?? Infinity
  const states = wantedStates(call)
  return (task) => {
    const startedAt = Math.floor(task.startedAtMs / 1000)
    if (user !== undefined && !task.user.toLowerCase().includes(user)) return false
    if (type !== undefined && task.type !== type) return false
    if (vmid !== undefined && task.id !== vmid) return false
    return startedAt >= since && startedAt <= until && states.has(kindOfStatus(task.exitStatus))
  }
}

function wantedStates(call: Call): ReadonlySet<string> {
  if (flagOf(call, 'errors')) return new Set(['warning', 'error', 'unknown'])
  const asked = listOf(call, 'statusfilter').map((state) => state.toLowerCase())
  return new Set(asked.length > 0 ? asked : ['ok', 'warning', 'error', 'unknown'])
}

function kindOfStatus(status: string | undefined): string {
  if (status === undefined || status === '' || status === 'unexpected status') return 'unknown'
  if (status === 'OK') return 'ok'
  return /^WARNINGS: \d+$/.test(status) ? 'warning' : 'error'
}

function rowOf(task: SimTask): Record<string, unknown> {
  const isOver = task.exitStatus !== undefined
  return {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: Math.floor(task.startedAtMs / 1000),
    type: task.type,
    id: task.id,
    ...(isOver ? whoStarted(task) : { user: task.user }),
    ...(isOver ? { endtime: Math.floor((task.endedAtMs ?? 0) / 1000) } : {}),
    status: task.exitStatus ?? 'RUNNING',
  }
}

function readLog(call: Call): unknown {
  const { log } = ownTask(call, 'Sys.Audit')
  const start = numberOf(call, 'start')
  const limit = numberOf(call, 'limit')
  if (flagOf(call, 'download')) {
    if (start === undefined && limit === undefined) return `${log.join('\n')}\n`
    throw dies("'download' cannot be used together with 'start' or 'limit' parameters")
  }
  const lines = log.length > 0 ? log : ['no content']
  const from = start ?? 0
  const shown = lines.slice(from, from + (limit ?? 50))
  call.attributes.total = lines.length
  return shown.map((text, index) => ({ n: from + index + 1, t: text }))
}

/** The task of the path; throws unless it is the caller's own or the caller has the privilege on the node. */
function ownTask(call: Call, privilege: string): SimTask {
  const upid = String(call.params['upid'])
  const node = String(call.params['node'])
  if (!UPID.test(upid)) throw refused('unable to parse worker upid')
  const task = call.world.tasks.get(upid)
  if (task === undefined) throw refused('no such task')
  if (!isOwn(task, call.user)) call.need(`/nodes/${node}`, privilege)
  return task
}

function refused(text: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { upid: text })
}

/** A token owns what it started; a user also what its tokens started. */
function isOwn(task: SimTask, user: string): boolean {
  return task.user === user || task.user.split('!')[0] === user
}

function recentTasks(call: Call): unknown[] {
  const count = new Map<string, number>()
  const recent = [...call.world.tasks.values()].reverse().filter((task) => {
    const mayAudit = call.may(`/nodes/${task.node}`, 'Sys.Audit')
    if (!mayAudit && !isOwn(task, call.user)) return false
    const seen = (count.get(task.node) ?? 0) + 1
    count.set(task.node, seen)
    return seen <= RECENT_PER_NODE
  })
  return recent.map((task) => {
    const { status, ...row } = rowOf(task)
    return { ...row, ...(task.exitStatus === undefined ? {} : { status, saved: '1' }) }
  })
}
