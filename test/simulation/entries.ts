// SPDX-License-Identifier: Apache-2.0
/** Audit entries as the judge reads them: once each. */
import type { AuditRow } from '@sallyport/core/audit'

interface ReadEntry {
  readonly at: string
  readonly event: string
  readonly jobId?: string
  readonly envelopeId?: string
}

const read = new WeakMap<AuditRow, ReadEntry>()

/** What an entry says. */
export function readEntry(row: AuditRow): ReadEntry {
  const known = read.get(row) ?? (JSON.parse(Buffer.from(row.bytes).toString()) as ReadEntry)
  read.set(row, known)
  return known
}

/** The event of an entry that is about this job. */
export function eventOf(row: AuditRow, jobId: string): string | undefined {
  const entry = readEntry(row)
  return entry.jobId === jobId ? entry.event : undefined
}

/** The highest time that a log shows. Units: epoch milliseconds. */
export function highestAtOf(rows: readonly AuditRow[]): number {
  return rows.reduce((highest, row) => Math.max(highest, Date.parse(readEntry(row).at)), 0)
}
