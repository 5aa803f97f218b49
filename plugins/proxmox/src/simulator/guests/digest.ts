// SPDX-License-Identifier: GPL-3.0-or-later
/** The digest of a guest's configuration: 40 hexadecimal digits that change when it does. */
import type { SimGuest } from '../world.ts'

/** The digest of all that a guest's configuration file holds. Why: it need not be SHA-1, callers only compare it. */
export function configDigest(guest: SimGuest): string {
  const { config, pending, snapshots, parent, lock, isTemplate } = guest
  return digestOf(
    JSON.stringify([sorted(config), sorted(pending), snapshots, parent, lock, isTemplate]),
  )
}

/** 40 hexadecimal digits for a text: FNV-1a of 32 bits, five times from different beginnings. */
export function digestOf(text: string): string {
  let digits = ''
  for (let round = 0; round < 5; round += 1) {
    let hash = 0x811c9dc5 ^ (round * 0x9e3779b1)
    for (let at = 0; at < text.length; at += 1)
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    digits += (hash >>> 0).toString(16).padStart(8, '0')
  }
  return digits
}

function sorted(config: Readonly<Record<string, string | number>>): [string, string | number][] {
  return Object.entries(config).sort(([one], [other]) => (one < other ? -1 : 1))
}
