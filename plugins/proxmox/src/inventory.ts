// SPDX-License-Identifier: GPL-3.0-or-later
/** Everything the token may see of a cluster: nodes, guests and storages, as `/cluster/resources` lists them. */
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { inOrder } from './cluster.ts'
import { pveOf } from './pve.ts'
import { isTrue, numberOf, rowsOf, textOf } from './values.ts'

const bytes = z.number().min(0).optional()

/** A node with what it has in use. */
export const InventoryNode = z.object({
  name: z.string(),
  state: z.string().describe('online, offline or unknown'),
  cpuPercent: z.number().optional(),
  coreCount: z.number().optional(),
  memoryUsedBytes: bytes,
  memoryTotalBytes: bytes,
  rootUsedBytes: bytes,
  rootTotalBytes: bytes,
  uptimeSeconds: z.number().optional(),
})
export type InventoryNode = z.infer<typeof InventoryNode>

/** A guest with what it has in use. */
export const InventoryGuest = z.object({
  vmid: z.number(),
  type: z.enum(['qemu', 'lxc']),
  name: z.string().nullable(),
  node: z.string(),
  status: z.string(),
  isTemplate: z.boolean(),
  lock: z.string().optional(),
  pool: z.string().optional(),
  tags: z.array(z.string()),
  haState: z.string().optional(),
  cpuPercent: z.number().optional().describe('of its own cores'),
  coreCount: z.number().optional(),
  memoryUsedBytes: bytes,
  memoryTotalBytes: bytes,
  diskUsedBytes: bytes,
  diskTotalBytes: bytes,
  uptimeSeconds: z.number().optional(),
})
export type InventoryGuest = z.infer<typeof InventoryGuest>

/** A storage on one node. */
export const InventoryStorage = z.object({
  storage: z.string(),
  node: z.string(),
  type: z.string().optional(),
  status: z.string(),
  isShared: z.boolean(),
  content: z.array(z.string()),
  usedBytes: bytes,
  totalBytes: bytes,
})
export type InventoryStorage = z.infer<typeof InventoryStorage>

/** What is listed. */
export interface Inventory {
  readonly nodes: InventoryNode[]
  readonly guests: InventoryGuest[]
  readonly storages: InventoryStorage[]
}

type Row = Readonly<Record<string, unknown>>

/** Asks for everything at once: it is one answer from the memory of the node that is asked. */
export async function inventoryOf(endpoint: Pick<Endpoint, 'request'>): Promise<Inventory> {
  return parseInventory(await pveOf(endpoint).cluster.resources.$get())
}

/** The rows of `/cluster/resources`, each kind sorted. Pools and networks are left out. */
export function parseInventory(answer: unknown): Inventory {
  const rows = rowsOf(answer)
  return {
    nodes: rows.flatMap(nodeOf).sort((a, b) => inOrder(a.name, b.name)),
    guests: rows.flatMap(guestOf).sort((a, b) => a.vmid - b.vmid),
    storages: rows
      .flatMap(storageOf)
      .sort((a, b) => inOrder(a.storage, b.storage) || inOrder(a.node, b.node)),
  }
}

function nodeOf(row: Row): InventoryNode[] {
  const name = textOf(row['node'])
  if (row['type'] !== 'node' || name === undefined) return []
  const state = textOf(row['status']) ?? 'unknown'
  const [rootUsedBytes, rootTotalBytes] = [numberOf(row['disk']), numberOf(row['maxdisk'])]
  return [{ name, state, ...usageOf(row), rootUsedBytes, rootTotalBytes }]
}

function guestOf(row: Row): InventoryGuest[] {
  const { type } = row
  const [vmid, node] = [numberOf(row['vmid']), textOf(row['node'])]
  if ((type !== 'qemu' && type !== 'lxc') || vmid === undefined || node === undefined) return []
  return [
    {
      vmid,
      type,
      node,
      name: textOf(row['name']) ?? null,
      status: textOf(row['status']) ?? 'unknown',
      isTemplate: isTrue(row['template']),
      lock: textOf(row['lock']),
      pool: textOf(row['pool']),
      tags: listOf(row['tags']),
      haState: textOf(row['hastate']),
      ...usageOf(row),
      diskUsedBytes: numberOf(row['disk']),
      diskTotalBytes: numberOf(row['maxdisk']),
    },
  ]
}

function usageOf(row: Row): {
  cpuPercent: number | undefined
  coreCount: number | undefined
  memoryUsedBytes: number | undefined
  memoryTotalBytes: number | undefined
  uptimeSeconds: number | undefined
} {
  return {
    cpuPercent: percentOf(numberOf(row['cpu']), 1),
    coreCount: numberOf(row['maxcpu']),
    memoryUsedBytes: numberOf(row['mem']),
    memoryTotalBytes: numberOf(row['maxmem']),
    uptimeSeconds: numberOf(row['uptime']),
  }
}

function storageOf(row: Row): InventoryStorage[] {
  const [storage, node] = [textOf(row['storage']), textOf(row['node'])]
  if (row['type'] !== 'storage' || storage === undefined || node === undefined) return []
  return [
    {
      storage,
      node,
      type: textOf(row['plugintype']),
      status: textOf(row['status']) ?? 'unknown',
      isShared: isTrue(row['shared']),
      content: listOf(row['content']).sort(inOrder),
      usedBytes: numberOf(row['disk']),
      totalBytes: numberOf(row['maxdisk']),
    },
  ]
}

/** A list in one text, as Proxmox separates it: `rootdir,images`, `web;prod`. */
export function listOf(text: unknown): string[] {
  return (textOf(text) ?? '').split(/[,;\s]+/).filter((part) => part !== '')
}

/** A share as percent with one decimal. */
export function percentOf(part: number | undefined, whole: number | undefined): number | undefined {
  if (part === undefined || whole === undefined || whole <= 0) return undefined
  return Math.round((part / whole) * 1_000) / 10
}
