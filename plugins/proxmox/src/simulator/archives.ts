// SPDX-License-Identifier: GPL-3.0-or-later
/** How backups are named on the storages of a simulated cluster. */
import type { SimGuest, SimStorage } from './world.ts'

const COMPRESSIONS: Readonly<Record<string, string>> = {
  zstd: '.zst',
  gzip: '.gz',
  '1': '.lzo',
  lzo: '.lzo',
  '0': '',
}

/** What is left to know of a backup from its volume id. */
export interface ArchiveName {
  readonly type: SimGuest['type']
  readonly vmid: number
}

/**
 * The name of a backup on a storage, and its format.
 *
 * Source: pve-storage: `backup/vzdump-qemu-100-2026_11_20-01_00_00.vma.zst`; on a backup server
 * `backup/vm/100/2026-11-20T01:00:00Z`.
 */
export function archiveName(
  storage: Pick<SimStorage, 'type'>,
  guest: Pick<SimGuest, 'type' | 'vmid'>,
  atMs: number,
  compress: string,
): { name: string; format: string } {
  const iso = new Date(atMs).toISOString().slice(0, 19)
  if (storage.type === 'pbs') {
    const kind = guest.type === 'qemu' ? 'vm' : 'ct'
    return { name: `backup/${kind}/${guest.vmid}/${iso}Z`, format: `pbs-${kind}` }
  }
  const ending = `${guest.type === 'qemu' ? 'vma' : 'tar'}${COMPRESSIONS[compress] ?? ''}`
  const time = iso
    .replace('T', '-')
    .replace(/:/g, '_')
    .replace(/^(\d+)-(\d+)-(\d+)/, '$1_$2_$3')
  return { name: `backup/vzdump-${guest.type}-${guest.vmid}-${time}.${ending}`, format: ending }
}

/** What the volume id of a backup says of its guest; undefined when it is no backup's. */
export function parseArchive(volid: string): ArchiveName | undefined {
  const file = /:backup\/vzdump-(qemu|lxc)-(\d+)-/.exec(volid)
  if (file !== null) return { type: file[1] === 'lxc' ? 'lxc' : 'qemu', vmid: Number(file[2]) }
  const snapshot = /:backup\/(vm|ct)\/(\d+)\//.exec(volid)
  if (snapshot !== null)
    return { type: snapshot[1] === 'ct' ? 'lxc' : 'qemu', vmid: Number(snapshot[2]) }
  return undefined
}
