// SPDX-License-Identifier: Apache-2.0
/** Moves the oldest entries of the audit log into archive files; hashes and proofs stay where they are. */
import { CodedError } from '@sallyport/sdk'
import {
  leafHash,
  parseAuditEntry,
  type AuditRow,
  type RotatingStore,
  type WitnessStore,
} from '../audit/index.ts'
import { equalBytes } from '../crypto/index.ts'
import { epochMs } from '../protocol/index.ts'
import type { Journal } from './ports.ts'

/** How much of the log stays in the database. */
export interface RotationBounds {
  readonly keepEntries: number
  readonly keepDays: number
}

/** Unless said otherwise. */
export const ROTATION_BOUNDS: RotationBounds = { keepEntries: 100_000, keepDays: 90 }

/** Entries of one file, and the fewest that are worth one. */
const FILE_ENTRIES = { most: 4_096, fewest: 256 } as const
const DAY_MS = 86_400_000

/** What rotation works with. */
export interface RotationPorts {
  readonly store: RotatingStore
  readonly witness: Pick<WitnessStore, 'read'>
  readonly journal: Pick<Journal, 'transaction' | 'audit' | 'raiseClock'>
  readonly clock: { now(): number }
}

/**
 * Moves one file of entries, if so many are old enough or too many, witnessed and uploaded. Returns how many.
 *
 * Trust: only bytes that fit their hash are moved, so that an alteration cannot be laid to rest in an archive.
 * Why the file first: until the database says so, the entries are still in it, whatever the disk does.
 * Throws: ERR_AUDIT_BROKEN, ERR_STORE_…; nothing was moved then.
 */
export function rotateLog(ports: RotationPorts, bounds: RotationBounds = ROTATION_BOUNDS): number {
  const { store, witness, journal, clock } = ports
  const { size, segmentsTo } = witness.read()
  const from = store.archivedTo()
  const limit = Math.min(size, segmentsTo, from + FILE_ENTRIES.most)
  if (limit - from < FILE_ENTRIES.fewest) return 0
  const surplusTo = store.size() - bounds.keepEntries
  const oldMs = clock.now() - bounds.keepDays * DAY_MS
  const rows: AuditRow[] = []
  for (const row of store.read(from, limit)) {
    if (row.index >= surplusTo && atMs(row) >= oldMs) break
    rows.push(row)
  }
  if (rows.length < FILE_ENTRIES.fewest) return 0
  rows.forEach(expectWhole)
  const archive = store.writeArchive(rows)
  const range = { from, to: from + rows.length }
  const nowMs = clock.now()
  journal.transaction(() => {
    store.dropArchived(range, archive)
    journal.raiseClock(nowMs)
    journal.audit([{ event: 'audit.rotated', details: { ...range, ...archive } }], nowMs)
  })
  return rows.length
}

function atMs({ bytes }: AuditRow): number {
  return epochMs(parseAuditEntry(bytes).at)
}

function expectWhole({ index, bytes, leafHash: kept }: AuditRow): void {
  if (equalBytes(leafHash(bytes), kept)) return
  throw new CodedError('ERR_AUDIT_BROKEN', `entry ${index} is not what was signed; it is not moved`)
}
