// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that tells which packages of nodes have newer versions, and which node should restart. */
import { defineJob, endpoint, isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { NodeName } from '../guest-ref.ts'
import { newestKernel, runningKernel, updatesIn } from '../packages.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { lineOf } from '../values.ts'

const MAX_UPDATES = 500

const NodeUpdates = z.object({
  node: z.string(),
  state: z.enum(['known', 'partly known', 'unknown']),
  updates: z.array(
    z.object({
      package: z.string(),
      from: z.string().nullable(),
      to: z.string(),
      origin: z.string(),
    }),
  ),
  countByOrigin: z.record(z.string(), z.number()),
  runningKernel: z.string().nullable(),
  newestKernel: z.string().nullable(),
  isRestartAdvised: z.boolean().describe('a newer kernel is installed than the one that runs'),
  notes: z.array(z.string()),
})
type NodeUpdates = z.infer<typeof NodeUpdates>

/** Packages with newer versions, by node. */
export const updateStatus = defineJob({
  summary: 'Packages of nodes that have newer versions, and nodes that should restart',
  effect: 'read',
  input: z.strictObject({
    nodes: z.array(NodeName).min(1).max(64).describe('the nodes'),
  }),
  output: z.object({ nodes: z.array(NodeUpdates) }),
  resources: { node: 'nodes' },
  permissions: {
    pve: endpoint('pve', ['GET /nodes/{node}/apt/update', 'GET /nodes/{node}/apt/versions']),
  },
  limits: { perMinute: 12, timeoutMs: 300_000 },
  async run({ input, use }) {
    const nodes: NodeUpdates[] = []
    for (const node of input.nodes) nodes.push(await updatesOf(pveOf(use.pve), node))
    return { nodes }
  },
})

async function updatesOf(pve: Pve, node: string): Promise<NodeUpdates> {
  const notes: string[] = []
  const { apt } = pve.nodes.$(node)
  const listed = await noting(notes, 'updates', () => apt.update.$get())
  const installed = await noting(notes, 'installed versions', () => apt.versions.$get())
  const all = updatesIn(listed)
  if (all.length > MAX_UPDATES) notes.push(`${all.length - MAX_UPDATES} more updates are not shown`)
  const [running, newest] = [runningKernel(installed), newestKernel(installed)]
  const kernels = all.filter(({ package: name }) => /^(?:proxmox|pve)-kernel-/.test(name))
  if (kernels.length > 0) notes.push('the updates hold a kernel: restart the node after them')
  const known = [listed, installed].filter((answer) => answer !== undefined).length
  return {
    node,
    state: known === 2 ? 'known' : known === 1 ? 'partly known' : 'unknown',
    updates: all.slice(0, MAX_UPDATES),
    countByOrigin: countsOf(all),
    runningKernel: running,
    newestKernel: newest,
    isRestartAdvised: running !== null && newest !== null && running !== newest,
    notes,
  }
}

function countsOf(updates: readonly { readonly origin: string }[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { origin } of updates) counts.set(origin, (counts.get(origin) ?? 0) + 1)
  return Object.fromEntries([...counts].sort())
}

async function noting(
  notes: string[],
  what: string,
  look: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await look()
  } catch (error) {
    if (!isCodedError(error)) throw error
    notes.push(`${what} cannot be seen: ${lineOf(error.message, 200)}`)
    return undefined
  }
}
