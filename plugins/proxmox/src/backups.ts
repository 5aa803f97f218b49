// SPDX-License-Identifier: GPL-3.0-or-later
/** Backups of a guest as they lie on a storage. */
import { isCodedError, route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import type { GuestKind } from './guest-ref.ts'
import type { Pve } from './pve.ts'
import { storageFault, storageStateOf } from './storage-state.ts'
import { isTrue, lineOf, numberOf, rowsOf, textOf } from './values.ts'

/** One backup. */
export interface Backup {
  /** `nas:backup/vzdump-qemu-101-2026_11_22-01_00_00.vma.zst`, `pbs:backup/vm/101/2026-11-22T01:00:00Z`. */
  readonly volumeId: string
  readonly vmid: number
  readonly kind: GuestKind | undefined
  /** Units: seconds since 1970. */
  readonly createdAt: number
  readonly sizeBytes: number
  readonly notes: string | undefined
  readonly isProtected: boolean
}

/** The route that `backupsOf` needs; the resources name the storage and the guest. */
export function backupsRoute(storage = 'storage', vmid = 'vmid'): RouteScope {
  return route(`GET /nodes/{node}/storage/{${storage}}/content`, {
    query: {
      content: { equals: 'backup', required: true },
      vmid: { resource: vmid, required: true },
    },
    others: 'forbidden',
  })
}

/** The backups of one guest on one storage, newest first. */
export async function backupsOf(
  pve: Pve,
  wanted: { readonly node: string; readonly storage: string; readonly vmid: number },
): Promise<Backup[]> {
  const { node, storage, vmid } = wanted
  const content = pve.nodes.$(node).storage.$(storage).content
  const rows = rowsOf(await content.$get({ content: 'backup', vmid }))
  return rows
    .flatMap(backupOf)
    .filter((backup) => backup.vmid === vmid && backup.volumeId.startsWith(`${storage}:`))
    .sort((a, b) => b.createdAt - a.createdAt)
}

function backupOf(row: Readonly<Record<string, unknown>>): Backup[] {
  const volumeId = textOf(row['volid'])
  if (volumeId === undefined) return []
  const kind = kindOfArchive(volumeId)
  const vmid = numberOf(row['vmid']) ?? Number(NUMBER_IN_NAME.exec(volumeId)?.[1])
  return [
    {
      volumeId,
      vmid,
      kind,
      createdAt: numberOf(row['ctime']) ?? 0,
      sizeBytes: numberOf(row['size']) ?? 0,
      notes: row['notes'] === undefined ? undefined : lineOf(row['notes'], 1_024),
      isProtected: isTrue(row['protected']),
    },
  ]
}

const NUMBER_IN_NAME = /(?:vzdump-(?:qemu|lxc)-|backup\/(?:vm|ct)\/)(\d{3,9})\b/

/** Whether a backup is of a machine or a container, from its name. */
export function kindOfArchive(volumeId: string): GuestKind | undefined {
  if (/vzdump-qemu-|:backup\/vm\//.test(volumeId)) return 'qemu'
  return /vzdump-lxc-|:backup\/ct\//.test(volumeId) ? 'lxc' : undefined
}

/** Where a backup was found, and why the storages before it were passed over. */
export interface ChosenBackup {
  readonly backup: Backup | undefined
  readonly passedOver: readonly string[]
}

/** The newest backup on the first storage, in the given order, that can be reached and has one. */
export async function newestBackup(
  pve: Pve,
  wanted: { readonly node: string; readonly vmid: number },
  storages: readonly string[],
): Promise<ChosenBackup> {
  const passedOver: string[] = []
  for (const storage of storages) {
    try {
      const fault = storageFault(await storageStateOf(pve, { ...wanted, storage }), 'backup')
      const [newest] = fault === undefined ? await backupsOf(pve, { ...wanted, storage }) : []
      if (newest !== undefined) return { backup: newest, passedOver }
      passedOver.push(`${storage}: ${fault ?? `it holds no backup of ${wanted.vmid}`}`)
    } catch (error) {
      if (!isCodedError(error)) throw error
      passedOver.push(`${storage}: ${lineOf(error.message, 200)}`)
    }
  }
  return { backup: undefined, passedOver }
}
