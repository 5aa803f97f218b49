// SPDX-License-Identifier: GPL-3.0-or-later
/** Parameters with a number in their name: the schema has one `net[n]` for all of `net0`, `net1` and so on. */
import type { Schema } from './types.ts'

/**
 * How many there are of each, counted from 0.
 *
 * Source: Proxmox VE 9, qm.conf(5) and pct.conf(5), "Options"; pvenode(1), acmedomain; pvecm(1), link.
 */
const COUNTS: Readonly<Record<string, number>> = {
  acmedomain: 6,
  dev: 256,
  hostpci: 16,
  ide: 4,
  ipconfig: 32,
  link: 8,
  mp: 256,
  net: 32,
  numa: 8,
  parallel: 3,
  sata: 6,
  scsi: 31,
  serial: 4,
  unused: 256,
  usb: 14,
  virtio: 16,
  virtiofs: 10,
}

/** The schema of a name, by itself or as one of those with a number. */
export function indexedIn(
  parts: Readonly<Record<string, Schema>>,
  name: string,
): Schema | undefined {
  if (Object.hasOwn(parts, name)) return isPattern(name) ? undefined : parts[name]
  const [, stem = '', index = ''] = /^([a-z]+)(0|[1-9]\d{0,3})$/.exec(name) ?? []
  if (Number(index) >= (COUNTS[stem] ?? 256)) return undefined
  const pattern = `${stem}[n]`
  return Object.hasOwn(parts, pattern) ? parts[pattern] : undefined
}

/** Whether a name of the schema stands for many. */
export function isPattern(name: string): boolean {
  return name.endsWith('[n]')
}
