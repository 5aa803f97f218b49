// SPDX-License-Identifier: GPL-3.0-or-later
/** The disks and mount points in a guest's configuration. */
import type { SimGuest, SimVolume, World } from '../world.ts'
import { findVolume, storageIdOf } from '../volumes.ts'
import { parseProperties, type Properties } from './property-string.ts'

type Config = Readonly<Record<string, string | number>>

const QEMU_DISK = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/
const LXC_DISK = /^(?:rootfs|mp\d+)$/
const UNUSED = /^unused\d+$/
const UNITS = ['', 'K', 'M', 'G', 'T'] as const

/** One disk or mount point. */
export interface Disk {
  /** `scsi0`, `rootfs`, `mp0`, `unused0`. */
  readonly key: string
  /** A volume id, a path of the node, or `none`. */
  readonly source: string
  readonly kind: 'volume' | 'bind' | 'device' | 'cdrom'
  readonly options: Properties
  /** As the configuration says it; 0 when it does not. Units: bytes. */
  readonly sizeBytes: number
}

/** Whether a key of a configuration names a disk or mount point in use. */
export function isDiskKey(type: SimGuest['type'], key: string): boolean {
  return (type === 'qemu' ? QEMU_DISK : LXC_DISK).test(key)
}

/** Whether a key names a volume that is kept but not used. */
export function isUnusedKey(key: string): boolean {
  return UNUSED.test(key)
}

/** The disks and mount points of a configuration, those not in use only when asked for. */
export function disksOf(type: SimGuest['type'], config: Config, withUnused = false): Disk[] {
  return Object.entries(config)
    .filter(([key]) => isDiskKey(type, key) || (withUnused && isUnusedKey(key)))
    .map(([key, value]) => parseDisk(key, String(value)))
}

/** Reads one disk. */
export function parseDisk(key: string, text: string): Disk {
  const options = parseProperties(text)
  const source = options.get('') ?? options.get('file') ?? options.get('volume') ?? ''
  return {
    key,
    source,
    kind: kindOfDisk(source, options),
    options,
    sizeBytes: parseSize(options.get('size') ?? '0'),
  }
}

/** The volume of a disk as it is seen from the guest's node. */
export function volumeOf(world: World, node: string, disk: Disk): SimVolume | undefined {
  return disk.kind === 'volume' ? findVolume(world, disk.source, node) : undefined
}

/** The storage a volume lies on; undefined for what is no volume. */
export function storageOfDisk(disk: Disk): string | undefined {
  return disk.kind === 'volume' ? storageIdOf(disk.source) : undefined
}

/** The first free key of a row: `unused0`, `unused1`. */
export function freeKey(config: Config, stem: string): string {
  for (let number = 0; ; number += 1) if (!(`${stem}${number}` in config)) return `${stem}${number}`
}

/** `32G` in bytes. Units: multiples of 1024. */
export function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text)
  if (found === null) return 0
  return Math.round(Number(found[1]) * 1024 ** UNITS.indexOf((found[2] ?? '') as 'K'))
}

/** Bytes in the largest unit that leaves a whole number. */
export function printSize(bytes: number): string {
  let unit = 0
  let size = bytes
  while (unit < UNITS.length - 1 && size >= 1024 && size % 1024 === 0) {
    size /= 1024
    unit += 1
  }
  return `${size}${UNITS[unit]}`
}

function kindOfDisk(source: string, options: Properties): Disk['kind'] {
  if (options.get('media') === 'cdrom' || source === 'none' || source === 'cdrom') return 'cdrom'
  if (source.startsWith('/dev/')) return 'device'
  return source.startsWith('/') ? 'bind' : 'volume'
}
