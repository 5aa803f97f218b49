// SPDX-License-Identifier: Apache-2.0
/** Says whether what was opened is private to this user: its owner is, and nobody else has any right to it. */
import type { Stats } from 'node:fs'

/** What is expected of a file or folder. */
export interface PrivacyRule {
  readonly path: string
  /** The mode to recommend, for example `600`. */
  readonly mode: string
  /** Units: numeric user id. */
  readonly ownerUid: number
}

/** Rights of group and others. */
const OTHERS = 0o077
const PERMISSIONS = 0o777

/** A sentence with the remedy, or undefined when nothing is wrong. */
export function privacyFault(stats: Stats, rule: PrivacyRule): string | undefined {
  const { path, mode, ownerUid } = rule
  if (stats.uid !== ownerUid) {
    return `${path} belongs to user ${stats.uid}, not ${ownerUid}. Remedy: chown ${ownerUid} ${path}`
  }
  if ((stats.mode & OTHERS) === 0) return undefined
  const found = (stats.mode & PERMISSIONS).toString(8).padStart(3, '0')
  return `${path} is open to others (mode ${found}). Remedy: chmod ${mode} ${path}`
}

/** The user this process acts as. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0
}
