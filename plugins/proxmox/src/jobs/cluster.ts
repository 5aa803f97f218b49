// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs that look at the cluster as a whole: who is there, what is there, and how it is. */
import { defineJob, endpoint, state } from '@sallyport/sdk'
import { z } from 'zod'
import { clusterOf, leadOf } from '../cluster.ts'
import { hourlySamples, latestSamples, recordSamples } from '../history.ts'
import { InventoryGuest, InventoryNode, InventoryStorage, inventoryOf } from '../inventory.ts'
import { NodeName } from '../guest-ref.ts'
import { grantedTo, reachOf } from '../permissions.ts'
import type { Granted } from '../permissions.ts'
import { pveOf } from '../pve.ts'
import { Report, gatherReport, samplesOf } from '../report.ts'
import { lineOf } from '../values.ts'

/** Nodes of the cluster, which of them are online, and whether there is a quorum. */
export const clusterStatus = defineJob({
  summary: 'Nodes of the cluster, which of them are online, and whether there is a quorum',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({
    name: z.string().nullable().describe('null for a node that is in no cluster'),
    version: z.string().describe('of Proxmox VE on the node that was asked'),
    isQuorate: z.boolean(),
    nodes: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['online', 'offline']),
        isLocal: z.boolean().describe('whether it is the node that was asked'),
        address: z.string().nullable(),
      }),
    ),
  }),
  permissions: { pve: endpoint('pve', ['GET /cluster/status', 'GET /version']) },
  limits: { perMinute: 60, timeoutMs: 30_000 },
  async run({ use }) {
    const [cluster, { version }] = await Promise.all([
      clusterOf(use.pve),
      pveOf(use.pve).version.$get(),
    ])
    return {
      name: cluster.name,
      version: lineOf(version, 64),
      isQuorate: cluster.isQuorate,
      nodes: cluster.nodes.map(({ isOnline, ...node }) => ({
        ...node,
        state: isOnline ? ('online' as const) : ('offline' as const),
      })),
    }
  },
})

const Visible = z
  .enum(['everything', 'only what is granted', 'nothing granted'])
  .describe(
    'what the token may see of them: an empty list means "none" only where it sees everything',
  )

/** Everything that the token may see, and how much that is. */
export const clusterResources = defineJob({
  summary: 'Nodes, guests and storages of the cluster, as far as the token may see them',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({
    nodes: z.array(InventoryNode),
    guests: z.array(InventoryGuest),
    storages: z.array(InventoryStorage),
    visible: z.object({ nodes: Visible, guests: Visible, storages: Visible }),
    notes: z.array(z.string()),
  }),
  permissions: { pve: endpoint('pve', ['GET /cluster/resources', 'GET /access/permissions']) },
  limits: { perMinute: 30, timeoutMs: 30_000 },
  async run({ use }) {
    const [inventory, granted] = await Promise.all([inventoryOf(use.pve), grantedTo(use.pve)])
    const visible = visibleOf(granted)
    const hidden = Object.entries(visible).filter(([, reach]) => reach === 'nothing granted')
    const notes = hidden.map(
      ([kind]) => `the token may see none of the ${kind}: ${RIGHTS_TO_SEE[kind as Kind].told}`,
    )
    return { ...inventory, visible, notes }
  },
})

type Kind = 'nodes' | 'guests' | 'storages'
const RIGHTS_TO_SEE: Readonly<
  Record<Kind, { readonly path: string; readonly anyOf: readonly string[]; readonly told: string }>
> = {
  nodes: { path: '/nodes', anyOf: ['Sys.Audit'], told: 'it needs Sys.Audit on /nodes' },
  guests: { path: '/vms', anyOf: ['VM.Audit'], told: 'it needs VM.Audit on /vms or on a pool' },
  storages: {
    path: '/storage',
    anyOf: ['Datastore.Audit', 'Datastore.AllocateSpace'],
    told: 'it needs Datastore.Audit on /storage',
  },
}

function visibleOf(granted: Granted): Record<Kind, z.infer<typeof Visible>> {
  const of = (kind: Kind): z.infer<typeof Visible> => {
    const { path, anyOf } = RIGHTS_TO_SEE[kind]
    const reach = reachOf(granted, path, anyOf)
    if (reach === 'everywhere') return 'everything'
    return reach === 'somewhere' ? 'only what is granted' : 'nothing granted'
  }
  return { nodes: of('nodes'), guests: of('guests'), storages: of('storages') }
}

const HistorySample = z.object({
  at: z.iso.datetime(),
  cpuPercent: z.number().nullable(),
  memoryPercent: z.number().nullable(),
  pressurePercent: z.number().nullable().describe('the worst of processors, memory and storage'),
})

/** Load and health of all nodes and guests, by the one agent that leads. */
export const clusterReport = defineJob({
  summary: 'Load and health of all nodes and guests, by the one agent that leads in this cluster',
  effect: 'read',
  input: z.strictObject({
    among: z
      .array(NodeName)
      .min(1)
      .max(256)
      .optional()
      .describe(
        'nodes that have an agent: the first by name that is online leads, any other asks nothing more; without it this agent leads',
      ),
    pressure: z
      .enum(['nodes', 'guests'])
      .default('nodes')
      .describe('"guests" asks each running guest for its pressure too, one request each'),
    samples: z
      .number()
      .int()
      .min(0)
      .max(120)
      .default(0)
      .describe('how many of the latest samples of each node to show'),
    hours: z
      .boolean()
      .default(false)
      .describe('whether to show one mean per hour of the last week'),
  }),
  output: z.object({
    isLead: z.boolean(),
    lead: z.string().nullable().describe('null while no node that has an agent is online'),
    report: Report.optional(),
    history: z
      .array(
        z.object({
          node: z.string(),
          latest: z.array(HistorySample),
          hourly: z.array(HistorySample),
        }),
      )
      .optional(),
  }),
  permissions: {
    pve: endpoint('pve', [
      'GET /cluster/status',
      'GET /cluster/resources',
      'GET /cluster/ha/status/current',
      'GET /nodes/{member:id}/rrddata',
      'GET /nodes/{member:id}/qemu/{guest:number}/status/current',
      'GET /nodes/{member:id}/lxc/{guest:number}/status/current',
    ]),
    history: state({ maxBytes: 2_097_152 }),
  },
  limits: { perMinute: 12, timeoutMs: 120_000 },
  async run({ input, use }) {
    const cluster = await clusterOf(use.pve)
    const local = cluster.nodes.find(({ isLocal }) => isLocal)?.name
    const lead = input.among === undefined ? local : leadOf(input.among, cluster.nodes)
    if (lead === undefined || lead !== local) return { isLead: false, lead: lead ?? null }
    const report = await gatherReport(use.pve, cluster, input.pressure === 'guests')
    const known = cluster.nodes.map(({ name }) => name)
    const kept = await recordSamples(use.history, samplesOf(report, Date.now()), known)
    if (input.samples === 0 && !input.hours) return { isLead: true, lead, report }
    const history = [...kept].map(([node, series]) => ({
      node,
      latest: input.samples === 0 ? [] : latestSamples(series, input.samples).map(shown),
      hourly: input.hours ? hourlySamples(series).map(shown) : [],
    }))
    return { isLead: true, lead, report, history }
  },
})

function shown({
  atMs,
  ...sample
}: ReturnType<typeof latestSamples>[number]): z.infer<typeof HistorySample> {
  return { at: new Date(atMs).toISOString(), ...sample }
}
