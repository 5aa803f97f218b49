// SPDX-License-Identifier: Apache-2.0
/** Checks a whole audit log against its signed checkpoints and says where it was altered. Needs the public key only. */
import { CodedError } from '@sallyport/sdk'
import type { AuditFault } from './alteration.ts'
import { verifyCheckpoint, type CheckpointVerdict } from './checkpoint.ts'
import type { AuditReader, CheckpointRow } from './ports.ts'
import { LogWalk } from './walk.ts'

/** What verification found. */
export type AuditVerdict =
  | {
      ok: true
      size: number
      root: Uint8Array
      checkpointCount: number
      /** How many of the checkpoints, the newest ones, were held against the entries and their signature checked. */
      checkedCount: number
    }
  | ({ ok: false } & AuditFault)

/** How much to verify. */
export interface VerifyOptions {
  /**
   * Checkpoints of this log from elsewhere, for example from results. The log must contain what they say: without
   * them, a log that was cut back to one of its own checkpoints looks whole.
   */
  readonly knownCheckpoints?: readonly string[]
  /**
   * How many checkpoints are checked, counted from the newest; at least one.
   *
   * Why: the newest proves every entry, and the check of one costs as much as that of fifty entries. When anything is
   * wrong, all of them are checked, because only they can say where it begins.
   */
  readonly maxCheckpoints?: number
}

/** Checkpoints checked when nothing else is said: about half a second of work. */
export const DEFAULT_MAX_CHECKPOINTS = 4_096

/**
 * Verifies an audit log.
 *
 * Trust: believes `publicKey` and nothing else; the store may have been written by anyone.
 * Throws: ERR_CHECKPOINT_UNKNOWN when a known checkpoint is not of this log; the store's errors.
 */
export function verifyAuditLog(
  store: AuditReader,
  origin: string,
  publicKey: Uint8Array,
  options: VerifyOptions = {},
): AuditVerdict {
  const verify = (note: string): CheckpointVerdict => verifyCheckpoint(note, origin, publicKey)
  const known = (options.knownCheckpoints ?? []).map((note) => knownRow(note, verify))
  const count = countOf(store.checkpoints())
  const wanted = Math.max(1, options.maxCheckpoints ?? DEFAULT_MAX_CHECKPOINTS)
  const verdict = walk(store, known, { verify, skip: Math.max(0, count - wanted) })
  return verdict.ok || count <= wanted ? verdict : walk(store, known, { verify, skip: 0 })
}

type Verify = (note: string) => CheckpointVerdict

function walk(
  store: AuditReader,
  known: readonly CheckpointRow[],
  checks: { verify: Verify; skip: number },
): AuditVerdict {
  const log = new LogWalk(store)
  let checkpointCount = 0
  for (const { row, isKnown } of merged(store.checkpoints(), known)) {
    if (!isKnown) checkpointCount += 1
    if (!isKnown && checkpointCount <= checks.skip) continue
    const fault = log.advance({ size: row.size, verdict: checks.verify(row.note), isKnown })
    if (fault !== undefined) return { ok: false, ...fault }
  }
  const fault = log.end()
  if (fault !== undefined) return { ok: false, ...fault }
  const checkedCount = checkpointCount - checks.skip
  return { ok: true, size: log.size, root: log.root, checkpointCount, checkedCount }
}

interface Step {
  readonly row: CheckpointRow
  readonly isKnown: boolean
}

/** The checkpoints of the store and the known ones in one rising order. */
function* merged(
  stored: Iterable<CheckpointRow>,
  known: readonly CheckpointRow[],
): Generator<Step, void, undefined> {
  const waiting = known.toSorted((a, b) => a.size - b.size)
  for (const row of stored) {
    while (waiting.length > 0 && waiting[0]!.size < row.size) {
      yield { row: waiting.shift()!, isKnown: true }
    }
    yield { row, isKnown: false }
  }
  for (const row of waiting) yield { row, isKnown: true }
}

function knownRow(note: string, verify: Verify): CheckpointRow {
  const verdict = verify(note)
  if (verdict.ok) return { size: verdict.checkpoint.size, note }
  throw new CodedError(
    'ERR_CHECKPOINT_UNKNOWN',
    `a known checkpoint is no evidence: ${verdict.why}`,
  )
}

function countOf(rows: Iterable<unknown>): number {
  let count = 0
  for (const _ of rows) count += 1
  return count
}
