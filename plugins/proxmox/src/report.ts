// SPDX-License-Identifier: GPL-3.0-or-later
/** Load and health of all nodes and guests of a cluster, gathered by the one node that does it for all. */
import { isCodedError } from '@sallyport/sdk'
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import type { ClusterState } from './cluster.ts'
import {
  InventoryGuest,
  InventoryNode,
  InventoryStorage,
  inventoryOf,
  percentOf,
} from './inventory.ts'
import { Pressure, pressureOf, trendOf, worstOf } from './pressure.ts'
import type { Sample } from './history.ts'
import { pveOf } from './pve.ts'
import { isTrue, lineOf, rowsOf, textOf } from './values.ts'

const ReportedNode = InventoryNode.extend({
  loadAverage: z.number().optional().describe('of one minute'),
  ioWaitPercent: z.number().optional(),
  pressure: Pressure.optional(),
  haState: z.string().optional().describe('of its local resource manager'),
})
const ReportedGuest = InventoryGuest.extend({ pressure: Pressure.optional() })

/** Load and health of one cluster. */
export const Report = z.object({
  cluster: z.object({ name: z.string().nullable(), isQuorate: z.boolean() }),
  nodes: z.array(ReportedNode),
  guests: z.array(ReportedGuest),
  storages: z.array(InventoryStorage),
  ha: z.object({ manager: z.string().nullable(), isQuorate: z.boolean() }).optional(),
  notes: z.array(z.string()).describe('what could not be seen, and why'),
})
export type Report = z.infer<typeof Report>

/** How many nodes, and guests, are asked for their pressure. Why a bound: each is a request of its own. */
const MAX_ASKED = 256
/** How many of these requests go at once. */
const AT_ONCE = 4

/** Gathers a report. What cannot be read becomes a note; the rest stands. */
export async function gatherReport(
  endpoint: Pick<Endpoint, 'request'>,
  cluster: ClusterState,
  ofGuests: boolean,
): Promise<Report> {
  const notes: string[] = []
  const inventory = await inventoryOf(endpoint)
  const ha = await noting(notes, 'HA', () => haOf(endpoint))
  const trends = await trendsOf(endpoint, inventory.nodes, notes)
  const guests = ofGuests ? await withPressure(endpoint, inventory.guests, notes) : inventory.guests
  const online = new Map(cluster.nodes.map(({ name, isOnline }) => [name, isOnline]))
  return {
    cluster: { name: cluster.name, isQuorate: cluster.isQuorate },
    nodes: inventory.nodes.map((node) => ({
      ...node,
      state: online.get(node.name) === false ? 'offline' : node.state,
      ...trends.get(node.name),
      haState: ha?.nodes.get(node.name),
    })),
    guests,
    storages: inventory.storages,
    ha: ha && { manager: ha.manager, isQuorate: ha.isQuorate },
    notes: notes.slice(0, 64),
  }
}

/** One sample for the history of each node that is online. */
export function samplesOf(report: Report, atMs: number): Map<string, Sample> {
  return new Map(
    report.nodes
      .filter(({ state }) => state === 'online')
      .map((node) => [
        node.name,
        {
          atMs,
          cpuPercent: node.cpuPercent ?? null,
          memoryPercent: percentOf(node.memoryUsedBytes, node.memoryTotalBytes) ?? null,
          pressurePercent: worstOf(node.pressure),
        },
      ]),
  )
}

interface HaState {
  readonly manager: string | null
  readonly isQuorate: boolean
  readonly nodes: ReadonlyMap<string, string>
}

async function haOf(endpoint: Pick<Endpoint, 'request'>): Promise<HaState> {
  const rows = rowsOf(await pveOf(endpoint).cluster.ha.status.current.$get())
  const manager = rows.find(({ type }) => type === 'master')
  const quorum = rows.find(({ type }) => type === 'quorum')
  const managers = rows.filter(({ type }) => type === 'lrm')
  return {
    manager: textOf(manager?.['node']) ?? null,
    isQuorate: isTrue(quorum?.['quorate']),
    nodes: new Map(
      managers.map((row) => [textOf(row['node']) ?? '', lineOf(row['status'] ?? '', 100)]),
    ),
  }
}

async function trendsOf(
  endpoint: Pick<Endpoint, 'request'>,
  nodes: readonly InventoryNode[],
  notes: string[],
): Promise<Map<string, ReturnType<typeof trendOf>>> {
  const trends = new Map<string, ReturnType<typeof trendOf>>()
  const online = nodes.filter(({ state }) => state === 'online')
  await eachOf(asked(online, 'nodes', notes), async ({ name }) => {
    const node = pveOf(endpoint).nodes.$(name)
    const rows = await noting(notes, `node ${name}`, () =>
      node.rrddata.$get({ timeframe: 'hour', cf: 'AVERAGE' }),
    )
    if (rows !== undefined) trends.set(name, trendOf(rows))
  })
  return trends
}

async function withPressure(
  endpoint: Pick<Endpoint, 'request'>,
  guests: readonly InventoryGuest[],
  notes: string[],
): Promise<z.infer<typeof ReportedGuest>[]> {
  const seen = new Map<number, Pressure | undefined>()
  const running = guests.filter(({ status }) => status === 'running')
  await eachOf(asked(running, 'running guests', notes), async ({ node, type, vmid }) => {
    const guest = pveOf(endpoint).nodes.$(node)[type].$(vmid)
    const status = await noting(notes, `guest ${vmid}`, () => guest.status.current.$get())
    seen.set(vmid, pressureOf(status))
  })
  return guests.map((guest) => ({ ...guest, pressure: seen.get(guest.vmid) }))
}

function asked<T>(all: readonly T[], what: string, notes: string[]): readonly T[] {
  const leftOut = all.length - MAX_ASKED
  if (leftOut > 0)
    notes.push(`the pressure of ${leftOut} of ${all.length} ${what} was not asked for`)
  return all.slice(0, MAX_ASKED)
}

async function noting<T>(
  notes: string[],
  what: string,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (!isCodedError(error)) throw error
    notes.push(`${what}: ${lineOf(error.message, 200)}`)
    return undefined
  }
}

async function eachOf<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const lane = async (): Promise<void> => {
    for (const item of queue) await visit(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}
