// SPDX-License-Identifier: GPL-3.0-or-later
/** Which disks and mount points of a guest a backup takes. */
import { type Disk, disksOf, printSize, volumeOf } from '../guests/disks.ts'
import { isSet } from '../guests/property-string.ts'
import type { SimGuest, World } from '../world.ts'

/**
 * Whether a backup leaves a disk out.
 *
 * Source: pve-container and qemu-server: disks of machines are taken unless `backup=0`; of a container's mount points
 * only the root file system, and volumes with `backup=1`; what is no volume never.
 */
export function isLeftOut(guest: SimGuest, disk: Disk): boolean {
  if (disk.kind !== 'volume') return true
  if (disk.key === 'rootfs') return false
  const backup = disk.options.get('backup')
  return guest.type === 'lxc' ? !isSet(backup) : backup !== undefined && !isSet(backup)
}

/** Why a disk is taken or left out, as lists of jobs say it. */
export function reasonOf(guest: SimGuest, disk: Disk): string {
  if (disk.kind !== 'volume') return 'not a volume'
  if (disk.key === 'rootfs') return 'rootfs'
  return isLeftOut(guest, disk) ? 'disabled' : 'enabled'
}

/** The disks a backup takes. */
export function backedUpDisks(guest: SimGuest): Disk[] {
  return realDisks(guest).filter((disk) => !isLeftOut(guest, disk))
}

/** How much data a backup reads. Units: bytes. */
export function backupBytes(world: World, guest: SimGuest): number {
  const disks = backedUpDisks(guest)
  return disks.reduce((sum, disk) => sum + (volumeOf(world, guest.node, disk)?.usedBytes ?? 0), 0)
}

/** The lines of the log that say what is taken and what is left out. */
export function diskLines(guest: SimGuest): string[] {
  return realDisks(guest).map((disk) =>
    guest.type === 'qemu' ? driveLine(guest, disk) : mountLine(guest, disk),
  )
}

function realDisks(guest: SimGuest): Disk[] {
  return disksOf(guest.type, guest.config).filter((disk) => disk.kind !== 'cdrom')
}

function driveLine(guest: SimGuest, disk: Disk): string {
  if (isLeftOut(guest, disk)) return `INFO: exclude disk '${disk.key}' '${disk.source}' (backup=no)`
  return `INFO: include disk '${disk.key}' '${disk.source}' ${printSize(disk.sizeBytes)}`
}

function mountLine(guest: SimGuest, disk: Disk): string {
  const path = disk.key === 'rootfs' ? '/' : (disk.options.get('mp') ?? '')
  const point = disk.key === 'rootfs' ? 'mount point rootfs' : `mount point ${disk.key}`
  if (!isLeftOut(guest, disk)) return `INFO: including ${point} ('${path}') in backup`
  const kind = disk.kind === 'volume' ? 'volume' : disk.kind
  return `INFO: excluding ${kind} ${point} ('${path}') from backup (${reasonOf(guest, disk)})`
}
