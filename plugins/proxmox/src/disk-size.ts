// SPDX-License-Identifier: GPL-3.0-or-later
/** Sizes of disks as Proxmox VE writes them: "32G", "512M". */
import { z } from 'zod'

/** A size to grow to. */
export const DiskSize = z.string().regex(/^[1-9][0-9]{0,6}[MGT]$/)

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1_024,
  M: 1_048_576,
  G: 1_073_741_824,
  T: 1_099_511_627_776,
}

/** Bytes of a size; undefined when it is none. */
export function bytesOf(size: string | undefined): number | undefined {
  const [, number, unit] = /^([0-9]+(?:\.[0-9]+)?)([KMGT]?)$/.exec(size ?? '') ?? []
  return number === undefined ? undefined : Math.round(Number(number) * UNITS[unit!]!)
}
