// SPDX-License-Identifier: GPL-3.0-or-later
/** The disks and mount points in a guest's configuration, and which of them a backup holds. */
import type { GuestKind } from './guest-ref.ts'
import { parsePropertyString } from './property-string.ts'
import { inOrder } from './cluster.ts'
import { textOf } from './values.ts'

/** One disk or mount point. */
export interface GuestDisk {
  /** `scsi0`, `rootfs`, `mp1` … */
  readonly key: string
  /** `local-lvm:vm-101-disk-0`, or a path of the host. */
  readonly volume: string
  readonly size: string | undefined
  readonly inBackup: boolean
  /** Why a backup leaves it out. */
  readonly why: string | undefined
}

const MACHINE_DISK = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/
const CONTAINER_DISK = /^(?:rootfs|mp\d+)$/

/** The disks of a guest, sorted; drives for discs (`media=cdrom`) are none. */
export function disksOf(kind: GuestKind, config: Readonly<Record<string, unknown>>): GuestDisk[] {
  const form = kind === 'qemu' ? MACHINE_DISK : CONTAINER_DISK
  return Object.entries(config)
    .filter(([key]) => form.test(key))
    .flatMap(([key, value]) => diskOf(kind, key, textOf(value) ?? ''))
    .sort((a, b) => inOrder(a.key, b.key))
}

function diskOf(kind: GuestKind, key: string, text: string): GuestDisk[] {
  const properties = parsePropertyString(text)
  const volume = properties[''] ?? properties['file'] ?? properties['volume'] ?? ''
  if (volume === '' || volume === 'none' || properties['media'] === 'cdrom') return []
  const why = kind === 'qemu' ? leftOutOfMachine(properties) : leftOutOfContainer(key, properties)
  return [{ key, volume, size: properties['size'], inBackup: why === undefined, why }]
}

/** Source: qemu-server, drive option "backup": on unless it is switched off. */
function leftOutOfMachine(properties: Readonly<Record<string, string>>): string | undefined {
  return isOff(properties['backup']) ? 'it is marked backup=0' : undefined
}

/** Source: pve-container, mount point option "backup": off unless it is switched on, and only for volumes. */
function leftOutOfContainer(
  key: string,
  properties: Readonly<Record<string, string>>,
): string | undefined {
  if (key === 'rootfs') return undefined
  const volume = properties[''] ?? properties['volume'] ?? ''
  if (volume.startsWith('/')) return 'it is a folder or device of the host'
  const { backup } = properties
  return backup === undefined || isOff(backup) ? 'it is not marked backup=1' : undefined
}

function isOff(value: string | undefined): boolean {
  return value !== undefined && ['0', 'off', 'no', 'false'].includes(value)
}
