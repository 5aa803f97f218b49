// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes, guests, storage and backups of one Proxmox VE cluster. The host binds endpoint "pve" to an address and an API token. */
import { defineJob, definePlugin, endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { pveOf } from './pve.ts'

const clusterStatus = defineJob({
  summary: 'Nodes of the cluster, which of them are online, and whether there is a quorum',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ name: z.string().nullable() }),
  permissions: { pve: endpoint('pve', ['GET /cluster/status']) },
  run: async ({ use }) => {
    const rows = await pveOf(use.pve).cluster.status.$get()
    return { name: rows.find(({ type }) => type === 'cluster')?.name ?? null }
  },
})

/** The plugin. */
export const plugin = definePlugin({
  name: 'proxmox',
  summary: 'Nodes, guests, storage and backups of a Proxmox VE cluster',
  jobs: { 'cluster.status': clusterStatus },
})
