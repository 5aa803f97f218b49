// SPDX-License-Identifier: GPL-3.0-or-later
/** Which backups of a guest are kept and which go. */
import { parseProperties } from './guests/property-string.ts'
import type { SimVolume } from './world.ts'

/** What happens to a backup. */
export type Mark = 'keep' | 'remove' | 'protected'

/** How many of which to keep: `keep-last`, `keep-daily` and so on. */
export type Retention = ReadonlyMap<string, number>

/** The length of an ISO time that names its hour, day, month or year. */
const PERIODS: readonly (readonly [string, (iso: string) => string])[] = [
  ['keep-last', (iso) => iso],
  ['keep-hourly', (iso) => iso.slice(0, 13)],
  ['keep-daily', (iso) => iso.slice(0, 10)],
  ['keep-weekly', weekOf],
  ['keep-monthly', (iso) => iso.slice(0, 7)],
  ['keep-yearly', (iso) => iso.slice(0, 4)],
]

/** Reads `keep-last=3,keep-daily=7`; undefined when everything is kept. */
export function parseRetention(text: string): Retention | undefined {
  const entries = [...parseProperties(text)].map(([key, value]) => [key, Number(value)] as const)
  const counts = new Map(entries.filter(([key, value]) => key !== 'keep-all' && value > 0))
  return counts.size === 0 ? undefined : counts
}

/**
 * Marks the backups of one guest. Source: pve-storage `prune_mark_backup_group`: each period keeps the newest of its
 * units that no period before it has covered.
 */
export function markBackups(
  backups: readonly SimVolume[],
  retention: Retention | undefined,
): Map<SimVolume, Mark> {
  const newestFirst = [...backups].sort((one, other) => other.createdAtMs - one.createdAtMs)
  const marks = new Map<SimVolume, Mark>()
  for (const backup of newestFirst) if (backup.isProtected) marks.set(backup, 'protected')
  if (retention === undefined) {
    for (const backup of newestFirst) if (!marks.has(backup)) marks.set(backup, 'keep')
    return marks
  }
  for (const [period, unitOf] of PERIODS)
    markPeriod(newestFirst, marks, { count: retention.get(period) ?? 0, unitOf })
  for (const backup of newestFirst) if (!marks.has(backup)) marks.set(backup, 'remove')
  return marks
}

function markPeriod(
  newestFirst: readonly SimVolume[],
  marks: Map<SimVolume, Mark>,
  rule: { count: number; unitOf: (iso: string) => string },
): void {
  const unit = (backup: SimVolume) => rule.unitOf(new Date(backup.createdAtMs).toISOString())
  const covered = new Set(newestFirst.filter((backup) => marks.get(backup) === 'keep').map(unit))
  const added = new Set<string>()
  for (const backup of newestFirst) {
    if (marks.has(backup) || covered.has(unit(backup)) || added.has(unit(backup))) continue
    if (added.size >= rule.count) return
    added.add(unit(backup))
    marks.set(backup, 'keep')
  }
}

/** The Monday of a time's week. */
function weekOf(iso: string): string {
  const time = new Date(`${iso.slice(0, 10)}T00:00:00Z`)
  time.setUTCDate(time.getUTCDate() - ((time.getUTCDay() + 6) % 7))
  return time.toISOString().slice(0, 10)
}
