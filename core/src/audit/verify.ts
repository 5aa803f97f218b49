// SPDX-License-Identifier: Apache-2.0
/** Checks a whole audit log against its signed checkpoints and says where it was altered. Needs the public key only. */
import { CodedError } from '@sallyport/sdk'
import type { AuditFault } from './alteration.ts'
import { epochIn, verifyCheckpoint, type CheckpointVerdict } from './checkpoint.ts'
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
      /** Known heads of earlier epochs whose end was lost when the memory was set back; the log says so itself. */
      setBacks: readonly SetBack[]
    }
  | ({ ok: false } & AuditFault)

/** A head that was signed in an earlier epoch, and how much of what it covered is still there. */
export interface SetBack {
  readonly epoch: number
  readonly lostSize: number
  readonly keptSize: number
}

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

/** Checkpoints checked when nothing else is said: the newest alone proves every entry. */
export const DEFAULT_MAX_CHECKPOINTS = 64

/**
 * Verifies an audit log. `origin` is that of epoch 0.
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
  const given = (options.knownCheckpoints ?? []).map((note) => knownRow(note, verify))
  const { known, setBacks } = sortOut(store, given, { origin, verify })
  const count = countOf(store)
  const wanted = Math.max(1, options.maxCheckpoints ?? DEFAULT_MAX_CHECKPOINTS)
  const verdict = walk(store, { known, setBacks }, { verify, count: Math.min(wanted, count) })
  if (verdict.ok || count <= wanted) return verdict
  return walk(store, { known, setBacks }, { verify, count })
}

type Verify = (note: string) => CheckpointVerdict

interface KnownRow extends CheckpointRow {
  readonly epoch: number
}

interface Known {
  readonly known: readonly KnownRow[]
  readonly setBacks: readonly SetBack[]
}

function walk(
  store: AuditReader,
  { known, setBacks }: Known,
  checks: { verify: Verify; count: number },
): AuditVerdict {
  const log = new LogWalk(store)
  for (const { row, isKnown } of merged(newestOf(store, checks.count), known)) {
    const fault = log.advance({ size: row.size, verdict: checks.verify(row.note), isKnown })
    if (fault !== undefined) return { ok: false, ...fault }
  }
  const fault = log.end()
  if (fault !== undefined) return { ok: false, ...fault }
  const { size, root } = log
  const checkpointCount = countOf(store)
  return { ok: true, size, root, checkpointCount, checkedCount: checks.count, setBacks }
}

/**
 * Tells known heads that the log must contain from those of an epoch whose end was lost.
 *
 * Trust: that an epoch ended counts only by a checkpoint of a later one with a signature that holds.
 */
function sortOut(
  store: AuditReader,
  given: readonly KnownRow[],
  { origin, verify }: { origin: string; verify: Verify },
): Known {
  const newest = epochOf(newestOf(store, 1)[0], origin)
  if (given.every(({ epoch }) => epoch >= newest)) return { known: given, setBacks: [] }
  const stored = [...store.checkpoints()]
  const [known, setBacks]: [KnownRow[], SetBack[]] = [[], []]
  for (const row of given) {
    const next = stored.findIndex((each) => epochOf(each, origin) > row.epoch)
    const keptSize = stored[next - 1]?.size ?? 0
    const isOver = next >= 0 && row.size > keptSize && verify(stored[next]!.note).ok
    if (isOver) setBacks.push({ epoch: row.epoch, lostSize: row.size, keptSize })
    else known.push(row)
  }
  return { known, setBacks }
}

/** By the first line alone. */
function epochOf(row: CheckpointRow | undefined, origin: string): number {
  return epochIn(row?.note.split('\n', 1)[0] ?? '', origin) ?? 0
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

function knownRow(note: string, verify: Verify): KnownRow {
  const verdict = verify(note)
  if (verdict.ok) return { size: verdict.checkpoint.size, note, epoch: verdict.epoch }
  throw new CodedError(
    'ERR_CHECKPOINT_UNKNOWN',
    `a known checkpoint is no evidence: ${verdict.why}`,
  )
}

function countOf(store: AuditReader): number {
  return store.checkpointCount?.() ?? [...store.checkpoints()].length
}

function newestOf(store: AuditReader, count: number): CheckpointRow[] {
  const rows = [...store.checkpoints(count)]
  return rows.slice(Math.max(0, rows.length - count))
}
