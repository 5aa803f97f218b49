// SPDX-License-Identifier: GPL-3.0-or-later
/** Lists guests. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import { z } from 'zod'
import { NodeName } from '../guest-ref.ts'
import { InventoryGuest, parseInventory } from '../inventory.ts'
import { PoolName, Tag } from '../names.ts'
import { grantedTo, reachOf } from '../permissions.ts'
import { pveOf } from '../pve.ts'

const List = z.strictObject({
  node: NodeName.optional().describe('only guests on this node'),
  status: z.enum(['running', 'stopped']).optional().describe('only guests in this state'),
  type: z.enum(['qemu', 'lxc']).optional().describe('only machines, or only containers'),
  tag: Tag.optional().describe('only guests with this tag'),
  pool: PoolName.optional().describe('only guests in this pool'),
  templates: z.boolean().default(true).describe('whether templates are listed too'),
})

/** Lists guests. */
export const guestList = defineJob({
  summary: 'List the guests of the cluster with state, node, tags and use',
  effect: 'read',
  input: List,
  output: z.object({
    guests: z.array(InventoryGuest),
    notes: z.array(z.string()).describe('what the API token is not allowed to see'),
  }),
  permissions: {
    pve: endpoint('pve', [
      route('GET /cluster/resources', {
        query: { type: { equals: 'vm', required: true } },
        others: 'forbidden',
      }),
      route('GET /access/permissions', { query: {}, others: 'forbidden' }),
    ]),
  },
  limits: { perMinute: 60, timeoutMs: 60_000 },
  async run({ input, use }) {
    const { guests } = parseInventory(await pveOf(use.pve).cluster.resources.$get({ type: 'vm' }))
    const reach = reachOf(await grantedTo(use.pve), '/vms', ['VM.Audit'])
    const notes = {
      everywhere: [],
      somewhere: ['the API token sees some guests only (VM.Audit)'],
      nowhere: ['the API token may see no guest at all; it needs VM.Audit on /vms'],
    }[reach]
    return { guests: guests.filter((guest) => isWanted(guest, input)), notes }
  },
})

function isWanted(guest: InventoryGuest, wanted: z.infer<typeof List>): boolean {
  const { node, status, type, tag, pool, templates } = wanted
  return (
    (node === undefined || guest.node === node) &&
    (status === undefined || guest.status === status) &&
    (type === undefined || guest.type === type) &&
    (tag === undefined || guest.tags.includes(tag)) &&
    (pool === undefined || guest.pool === pool) &&
    (templates || !guest.isTemplate)
  )
}
