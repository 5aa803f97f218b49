// SPDX-License-Identifier: GPL-3.0-or-later
/** Holds the storages of a cluster against what is declared of them. Looks, and changes nothing. */
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { listOf } from './inventory.ts'
import type { Pve } from './pve.ts'
import { creationFields, identityFields, needsSecret } from './storage-manifest.ts'
import type { StorageTarget } from './storage-manifest.ts'
import { storageFault, storageStateOf } from './storage-state.ts'
import { isTrue, lineOf, membersOf, rowsOf, textOf } from './values.ts'

/** What was found of one declared storage. */
export const CheckedTarget = z.object({
  storage: z.string(),
  type: z.string(),
  class: z.enum(['fast', 'slow']),
  role: z.string(),
  state: z
    .enum(['present', 'differs', 'missing'])
    .describe('present: as declared; differs: there and not as declared; missing: not there'),
  differences: z.array(z.object({ field: z.string(), wanted: z.string(), found: z.string() })),
  nodes: z.array(
    z.object({
      node: z.string(),
      state: z.enum(['reachable', 'unreachable', 'not on this node', 'unknown']),
      why: z.string().optional(),
      usedBytes: z.number().optional(),
      totalBytes: z.number().optional(),
    }),
  ),
  notices: z.array(z.string()).describe('what someone should do'),
})
export type CheckedTarget = z.infer<typeof CheckedTarget>

/** What was found of all of them. */
export interface StorageCheck {
  readonly targets: readonly CheckedTarget[]
  /** Storages of the cluster that are not declared; they are left alone. */
  readonly undeclared: readonly string[]
}

type Row = Readonly<Record<string, unknown>>

/** Checks every declared storage, seen from these nodes. */
export async function checkStorages(
  pve: Pve,
  targets: readonly StorageTarget[],
  nodes: readonly string[],
): Promise<StorageCheck> {
  const rows = new Map(
    rowsOf(await pve.storage.$get()).map((row): [string, Row] => [
      textOf(row['storage']) ?? '',
      row,
    ]),
  )
  const checked: CheckedTarget[] = []
  for (const target of targets) {
    checked.push(await checkTarget(pve, target, { row: rows.get(target.storage), nodes }))
  }
  const declared = new Set(targets.map(({ storage }) => storage))
  const undeclared = [...rows.keys()].filter((name) => name !== '' && !declared.has(name)).sort()
  return { targets: checked, undeclared }
}

async function checkTarget(
  pve: Pve,
  target: StorageTarget,
  found: { readonly row: Row | undefined; readonly nodes: readonly string[] },
): Promise<CheckedTarget> {
  const { storage, type, class: speed, role } = target
  const head = { storage, type, class: speed, role }
  const { row } = found
  if (row === undefined) {
    return { ...head, state: 'missing', differences: [], nodes: [], notices: [missing(target)] }
  }
  const differences = differencesOf(target, row)
  const nodes: CheckedTarget['nodes'] = []
  for (const node of found.nodes) nodes.push(await reachOn(pve, target, node))
  const notices = [
    ...differences.map(({ field, wanted, found: is }) => differs(storage, field, { wanted, is })),
    ...nodes.flatMap(({ node, state, why }) =>
      state === 'unreachable' ? [unreachable(target, node, why ?? '')] : [],
    ),
  ]
  const state = differences.length === 0 ? ('present' as const) : ('differs' as const)
  return { ...head, state, differences, nodes, notices }
}

/** What is declared and found otherwise. Secrets are in neither: Proxmox VE never shows them. */
export function differencesOf(target: StorageTarget, row: Row): CheckedTarget['differences'] {
  const wanted: Record<string, string> = {
    type: target.type,
    ...identityFields(target),
    content: target.content.toSorted().join(','),
    nodes: target.nodes?.toSorted().join(',') ?? '',
  }
  const found = (field: string): string => {
    if (field === 'content' || field === 'nodes') return listOf(row[field]).sort().join(',')
    return textOf(row[field]) ?? ''
  }
  const differences = Object.entries(wanted)
    .filter(([field, value]) => normal(field, value) !== normal(field, found(field)))
    .map(([field, value]) => ({ field, wanted: value, found: found(field) }))
  return isTrue(row['disable'])
    ? [...differences, { field: 'disable', wanted: '0', found: '1' }]
    : differences
}

function normal(field: string, value: string): string {
  return field === 'fingerprint' || field === 'server' ? value.toLowerCase() : value
}

async function reachOn(
  pve: Pve,
  target: StorageTarget,
  node: string,
): Promise<CheckedTarget['nodes'][number]> {
  if (target.nodes !== undefined && !target.nodes.includes(node)) {
    return { node, state: 'not on this node' }
  }
  try {
    const state = await storageStateOf(pve, { node, storage: target.storage })
    const why = storageFault(state, target.content[0]!)
    if (why !== undefined) return { node, state: 'unreachable', why }
    const { usedBytes, totalBytes } = state
    return { node, state: 'reachable', usedBytes, totalBytes }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { node, state: 'unknown', why: lineOf(error.message, 200) }
  }
}

function missing(target: StorageTarget): string {
  const { storage } = target
  return needsSecret(target)
    ? `storage ${storage} is not there, and takes a password: create it with proxmox/storage.attach`
    : `storage ${storage} is not there: proxmox/storage.reconcile creates it`
}

function differs(
  storage: string,
  field: string,
  { wanted, is }: { readonly wanted: string; readonly is: string },
): string {
  return `storage ${storage} has ${field}="${is}" where "${wanted}" is declared: change one of the two by hand`
}

/** Says what to look at, by the kind of storage. */
function unreachable(target: StorageTarget, node: string, why: string): string {
  const { storage } = target
  const head = `storage ${storage} (${target.class}, ${target.role}) is cut off from ${node}: ${why};`
  switch (target.type) {
    case 'dir':
      return target.uuid === undefined
        ? `${head} see that ${target.path} is there`
        : `${head} plug the disk in, so that file system ${target.uuid} is mounted on ${target.path}`
    case 'nfs':
      return `${head} see that ${target.server} is on and exports ${target.export} to ${node}`
    case 'cifs':
      return `${head} see that ${target.server} is on and shares ${target.share}`
    case 'pbs':
      return `${head} see that ${target.server} is on, has ${target.datastore}, and still shows the declared fingerprint`
    case 'lvmthin':
      return `${head} see that ${node} has ${target.vgname}/${target.thinpool}`
    case 'zfspool':
      return `${head} see that ${target.pool} is imported on ${node}`
  }
}

/** Creates one storage. `secrets` go into the request and nowhere else. */
export async function createStorage(
  pve: Pve,
  target: StorageTarget,
  secrets: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = { ...creationFields(target), ...secrets }
  await pve.storage.$post(body as unknown as Parameters<Pve['storage']['$post']>[0])
}

/** Whether a storage of this name is there now, and is the declared one. */
export async function isThere(pve: Pve, target: StorageTarget): Promise<boolean> {
  const rows = rowsOf(await pve.storage.$get())
  const row = membersOf(rows.find((each) => each['storage'] === target.storage))
  return Object.keys(row).length > 0 && differencesOf(target, row).length === 0
}
