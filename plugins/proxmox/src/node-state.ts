// SPDX-License-Identifier: GPL-3.0-or-later
/** One node: what it is and how it is, and what its going down would mean for others. */
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { clusterOf, losesQuorum } from './cluster.ts'
import type { ClusterState } from './cluster.ts'
import { isLost, pveFailed } from './errors.ts'
import { listOf, percentOf } from './inventory.ts'
import { Pressure, trendOf } from './pressure.ts'
import { parsePropertyString } from './property-string.ts'
import { pveOf } from './pve.ts'
import { isTrue, lineOf, membersOf, numberOf, rowsOf, textOf } from './values.ts'

type PveEndpoint = Pick<Endpoint, 'request'>

const bytes = z.number().min(0).optional()

/** A node as it is now. Of one that is offline only the state is known. */
export const NodeState = z.object({
  node: z.string(),
  state: z.enum(['online', 'offline']),
  isLocal: z.boolean().describe('whether it is the node that was asked'),
  version: z.string().optional(),
  kernel: z.string().optional(),
  cpuModel: z.string().optional(),
  coreCount: z.number().optional(),
  cpuPercent: z.number().optional(),
  loadAverage: z.array(z.number()).optional().describe('of 1, 5 and 15 minutes'),
  memoryUsedBytes: bytes,
  memoryTotalBytes: bytes,
  rootUsedBytes: bytes,
  rootTotalBytes: bytes,
  uptimeSeconds: z.number().optional(),
  pressure: Pressure.optional(),
})
export type NodeState = z.infer<typeof NodeState>

/** Reads the state of one node. Throws: ERR_PVE_NODE_OFFLINE when the cluster has no such node. */
export async function nodeStateOf(endpoint: PveEndpoint, node: string): Promise<NodeState> {
  const { isOnline, isLocal } = memberOf(await clusterOf(endpoint), node)
  if (!isOnline) return { node, state: 'offline', isLocal }
  const api = pveOf(endpoint).nodes.$(node)
  const [status, series] = await Promise.all<unknown>([
    api.status.$get(),
    api.rrddata.$get({ timeframe: 'hour', cf: 'AVERAGE' }),
  ])
  return { node, state: 'online', isLocal, ...partsOf(status), pressure: trendOf(series).pressure }
}

function partsOf(answer: unknown): Omit<NodeState, 'node' | 'state' | 'isLocal'> {
  const told = membersOf(answer)
  const memory = membersOf(told['memory'])
  const root = membersOf(told['rootfs'])
  const cpu = membersOf(told['cpuinfo'])
  const loads: unknown = told['loadavg']
  const release = textOf(membersOf(told['current-kernel'])['release']) ?? textOf(told['kversion'])
  return {
    version: textOf(told['pveversion']),
    kernel: release === undefined ? undefined : lineOf(release, 200),
    cpuModel: textOf(cpu['model']),
    coreCount: numberOf(cpu['cpus']),
    cpuPercent: percentOf(numberOf(told['cpu']), 1),
    loadAverage: Array.isArray(loads) ? loads.flatMap((load) => numberOf(load) ?? []) : undefined,
    memoryUsedBytes: numberOf(memory['used']),
    memoryTotalBytes: numberOf(memory['total']),
    rootUsedBytes: numberOf(root['used']),
    rootTotalBytes: numberOf(root['total']),
    uptimeSeconds: numberOf(told['uptime']),
  }
}

/** Seconds since a node started; undefined while it cannot be asked. */
export async function uptimeOf(endpoint: PveEndpoint, node: string): Promise<number | undefined> {
  try {
    const told = membersOf(await pveOf(endpoint).nodes.$(node).status.$get())
    return numberOf(told['uptime'])
  } catch (error) {
    if (isLost(error)) return undefined
    throw error
  }
}

/** The node of a cluster by its name. Throws: ERR_PVE_NODE_OFFLINE when there is none. */
export function memberOf(cluster: ClusterState, node: string): ClusterState['nodes'][number] {
  const member = cluster.nodes.find(({ name }) => name === node)
  if (member !== undefined) return member
  const names = cluster.nodes.map(({ name }) => name).join(', ')
  throw pveFailed(
    'ERR_PVE_NODE_OFFLINE',
    `the cluster has no node ${node}; it has ${names || 'none that this token may see'}`,
    { details: { node, effect: 'none' } },
  )
}

/** A guest that runs on a node. */
export interface RunningGuest {
  readonly vmid: number
  readonly kind: 'qemu' | 'lxc'
  readonly name: string | null
  /** Whether the HA manager looks after it. */
  readonly isHa: boolean
}

/** What the going down of a node would mean. Holds nothing that changes by itself, so that two looks compare. */
export interface DownState {
  readonly node: string
  readonly state: 'online' | 'offline'
  readonly isLocal: boolean
  readonly quorum: {
    readonly nodeCount: number
    readonly onlineCount: number
    readonly isLost: boolean
  }
  readonly runningGuests: readonly RunningGuest[]
  /** What the HA manager does with its guests: `conditional`, `migrate`, `freeze` or `failover`. */
  readonly haPolicy: string
  readonly notes: readonly string[]
}

/** The routes that `downStateOf` needs. */
export const DOWN_ROUTES = [
  'GET /cluster/status',
  'GET /cluster/options',
  'GET /cluster/ha/status/current',
  'GET /nodes/{node}/status',
  'GET /nodes/{node}/qemu',
  'GET /nodes/{node}/lxc',
] as const

/** Looks what the going down of a node would mean. */
export async function downStateOf(endpoint: PveEndpoint, node: string): Promise<DownState> {
  const cluster = await clusterOf(endpoint)
  const { isOnline, isLocal } = memberOf(cluster, node)
  const quorum = {
    nodeCount: cluster.nodes.length,
    onlineCount: cluster.nodes.filter((each) => each.isOnline).length,
    isLost: isOnline && losesQuorum(cluster, node),
  }
  const state = isOnline ? ('online' as const) : ('offline' as const)
  if (!isOnline) {
    return { node, state, isLocal, quorum, runningGuests: [], haPolicy: 'none', notes: [] }
  }
  const [runningGuests, haPolicy] = await Promise.all([
    runningGuestsOf(endpoint, node),
    haPolicyOf(endpoint),
  ])
  return {
    node,
    state,
    isLocal,
    quorum,
    runningGuests,
    haPolicy,
    notes: notesOf(runningGuests, quorum.isLost, haPolicy),
  }
}

function notesOf(guests: readonly RunningGuest[], isLost: boolean, haPolicy: string): string[] {
  const [kept, left] = [guests.filter(({ isHa }) => isHa), guests.filter(({ isHa }) => !isHa)]
  const named = (some: readonly RunningGuest[]): string =>
    some.map(({ vmid, name }) => (name === null ? `${vmid}` : `${vmid} "${name}"`)).join(', ')
  return [
    ...(left.length > 0 ? [`shut down with the node: ${named(left)}`] : []),
    ...(kept.length > 0 ? [`the HA manager (${haPolicy}) looks after: ${named(kept)}`] : []),
    ...(isLost
      ? ['the cluster loses its quorum: nothing can be changed until a node is back']
      : []),
  ]
}

async function runningGuestsOf(endpoint: PveEndpoint, node: string): Promise<RunningGuest[]> {
  const api = pveOf(endpoint).nodes.$(node)
  const [machines, containers, ha] = await Promise.all([
    api.qemu.$get(),
    api.lxc.$get(),
    pveOf(endpoint).cluster.ha.status.current.$get(),
  ])
  const managed = new Set(rowsOf(ha).flatMap(({ sid }) => textOf(sid) ?? []))
  const running = (rows: unknown, kind: 'qemu' | 'lxc'): RunningGuest[] =>
    rowsOf(rows)
      .filter(({ status, template }) => status === 'running' && !isTrue(template))
      .flatMap((row) => {
        const vmid = numberOf(row['vmid'])
        if (vmid === undefined) return []
        const isHa = managed.has(`${kind === 'qemu' ? 'vm' : 'ct'}:${vmid}`)
        return [{ vmid, kind, name: textOf(row['name']) ?? null, isHa }]
      })
  return [...running(machines, 'qemu'), ...running(containers, 'lxc')].sort(
    (a, b) => a.vmid - b.vmid,
  )
}

/** Source: pve-manager, datacenter.cfg, "ha": `shutdown_policy` is `conditional` unless set. */
async function haPolicyOf(endpoint: PveEndpoint): Promise<string> {
  const ha = membersOf(await pveOf(endpoint).cluster.options.$get())['ha']
  const told = typeof ha === 'string' ? parsePropertyString(ha) : membersOf(ha)
  return listOf(told['shutdown_policy'])[0] ?? 'conditional'
}
