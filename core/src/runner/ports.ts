// SPDX-License-Identifier: Apache-2.0
/** What the runner needs: a journal that is durable when a call returns, and a way to the hub. */
import type { IsolationWord } from '../admission/index.ts'
import type { AuditEventInput } from '../audit/index.ts'
import type { SealingKey } from '../crypto/index.ts'
import type {
  Approval,
  AuditProof,
  Revocation,
  Schedule,
  ScheduleOrder,
  RefusalReason,
} from '../protocol/index.ts'

/** The refusals of a schedule's due times since the last one that is on record. */
export interface RefusedTimes {
  readonly reason: RefusalReason
  /** When one was put on record last. Units: epoch milliseconds. */
  readonly recordedAtMs: number
  /** Due times since then that were refused for the same reason. */
  readonly count: number
}

/** A run as the journal remembers it. */
export interface RunRow {
  readonly jobId: string
  readonly envelopeId: string
  readonly jobType: string
  readonly state: 'intent' | 'finished' | 'refused'
  /** The job's signed payload bytes; none when another run asked for the job. */
  readonly payload: Uint8Array
  readonly receivedAtMs: number
  readonly acknowledgedAtMs: number | null
  /** What the run kept last, for `resume`; null when it kept nothing, and once the answer is acknowledged. */
  readonly kept: KeptRow | null
}

/** What a run kept. Shape: JSON, bounded by `STEP_LIMITS` of the SDK. */
export interface KeptRow {
  /** The bundle that kept it; no other one gets it back. */
  readonly digest: string
  /** Null when the job type has no plan. */
  readonly plan: Uint8Array | null
  readonly value: Uint8Array
}

/** An answer on its way to the hub. */
export interface OutboxRow {
  readonly envelopeId: string
  readonly jobId: string | null
  /** DSSE envelope of the result. */
  readonly signed: Uint8Array
  readonly readers: readonly string[]
  /** The sealed form, once made; the same bytes are sent every time. */
  readonly sealed: string | null
  readonly acknowledgedAtMs: number | null
}

/** A bundle as documents name it. */
export type BundleName = Approval['plugin']

/** A bundle that is put aside. Units: epoch milliseconds. */
export interface QuarantineRow {
  readonly digest: string
  readonly pluginName: string
  readonly version: string
  readonly reason: string
  readonly sinceMs: number
}

/** A lock as the agent's database holds it; it holds for the binding of its stamp alone. Units: epoch milliseconds. */
export interface BindingLockRow {
  readonly pluginName: string
  readonly name: string
  /** What the binding was known by when it was locked. */
  readonly stamp: string
  readonly pinned: string
  readonly seen: string
  readonly sinceMs: number
}

/** A cancellation that was accepted. */
export interface CancellationRow {
  readonly cancellationId: string
  readonly jobId: string
  readonly why: string
  /** Empty where an operator signed, else the key ids of those whose own jobs it counts for. */
  readonly onlyOf: readonly string[]
}

/** A schedule that an agent holds. Units: epoch milliseconds. */
export interface ScheduleRow {
  readonly scheduleId: string
  readonly name: string
  readonly expiresAtMs: number
  /** The last due time that was decided on. */
  readonly handledMs: number
  /** Due times without a run since the queue of reports is full. */
  readonly withheldCount: number
  /** Null unless its last due time was refused. */
  readonly refused: RefusedTimes | null
  readonly isPaused: boolean
}

/** What a run is due for; it is there until the hub holds the report. Units: epoch milliseconds. */
export interface DueRunRow {
  readonly jobId: string
  /** The label of the report. */
  readonly envelopeId: string
  readonly scheduleId: string
  readonly dueAtMs: number
  /** SHA-256 of the signed payload of the schedule. */
  readonly digest: string
}

/** Reports that the hub does not hold. */
export interface PendingReports {
  readonly count: number
  readonly bytes: number
}

/** The schedules of an agent. Every write method is called inside a transaction of the journal. */
export interface ScheduleBook {
  /** All that were accepted and not removed. */
  list(): ScheduleRow[]
  /** DSSE envelope of a schedule, verified again at every use. */
  envelope(scheduleId: string): Uint8Array | undefined
  /** What was ordered last; an order may come before its schedule. */
  standing(scheduleId: string): ScheduleOrder['order'] | undefined
  /** Keeps a schedule; due times until now count as handled. */
  put(
    schedule: Pick<Schedule, 'scheduleId' | 'name' | 'expiresAt'>,
    envelope: Uint8Array,
    atMs: number,
  ): void
  /** Keeps an order if it is the newest; a removed schedule stays so. Throws: ERR_STORE_FULL. */
  order(order: ScheduleOrder, atMs: number): void
  /** Notes that a due time was decided on. */
  handle(scheduleId: string, dueAtMs: number): void
  withhold(scheduleId: string, count: number): void
  /** Keeps how its due times are refused; null once one was not. */
  keepRefused(scheduleId: string, refused: RefusedTimes | null): void
  addRun(row: DueRunRow): void
  findRun(jobId: string): DueRunRow | undefined
  pendingReports(): PendingReports
}

/** The agent's private crash-recovery record. Every write method is called inside `transaction`. */
export interface Journal {
  /** Runs `write` atomically; durable (fsynced) when it returns. Throws: ERR_STORE_WRITE; then nothing was written. */
  transaction<T>(write: () => T): T
  findRun(jobId: string): RunRow | undefined
  addRun(row: Omit<RunRow, 'kept'>): void
  /** Keeps this for a run without an outcome, in place of what it kept before. Throws: ERR_STORE_CONFLICT. */
  keep(jobId: string, kept: KeptRow): void
  finishRun(jobId: string, finishedAtMs: number): void
  /** Runs whose intent was recorded and whose outcome was not. */
  openRuns(): RunRow[]
  putOutbox(row: OutboxRow): void
  setSealed(envelopeId: string, sealed: string): void
  findOutbox(envelopeId: string): OutboxRow | undefined
  /** Unacknowledged answers, oldest first. */
  outbox(): OutboxRow[]
  /**
   * Notes that the hub holds the answer, on the row and on its run. The row stays (the newest 10,000 do), so that a
   * hub that lost it gets the same answer again.
   */
  acknowledge(envelopeId: string, atMs: number): void
  /** Appends to the audit log within the transaction and returns the new indices. */
  audit(events: readonly AuditEventInput[], atMs: number): number[]
  /** Proof that the entry is under the newest checkpoint. */
  prove(index: number): AuditProof
  /** Raises the high-water time. */
  raiseClock(nowMs: number): void
  hasBundle(digest: string): boolean
  putBundle(digest: string, bytes: Uint8Array): void
  /** Keeps the approval; `envelope` is its DSSE envelope, verified again at every use. */
  putApproval(approval: Approval, envelope: Uint8Array, atMs: number): void
  /** Keeps the revocation for ever. */
  putRevocation(revocation: Revocation, envelope: Uint8Array, atMs: number): void
  /** The bundles held that a revocation is about and that no newer approval names. */
  concernedBy(revocation: Revocation): BundleName[]
  putQuarantine(row: QuarantineRow): void
  /** Says whether the bundle was in quarantine. */
  liftQuarantine(digest: string): boolean
  /** Keeps a cancellation for ever. */
  putCancellation(row: CancellationRow, atMs: number): void
  /** What was said last about taking jobs; undefined when nothing ever was. */
  isolationWord(): IsolationWord | undefined
  putIsolationWord(word: IsolationWord): void
  readonly schedules: ScheduleBook
}

/** Seals answers and opens deliveries. As `seal` and `open` of the crypto row do it, unless a simulation does. */
export interface Sealer {
  seal(plaintext: Uint8Array, readers: readonly string[]): Promise<string>
  /** Throws: ERR_SEALED_FORM, ERR_NOT_A_READER, ERR_UNSEAL. */
  open(sealed: string, key: SealingKey, maxBytes: number): Promise<Uint8Array>
}

/** The runner's way to the hub. */
export interface ResultChannel {
  /** Resolves when the hub holds an answer for this envelope, this one or an earlier one. */
  answer(envelopeId: string, sealed: string): Promise<void>
  /** Resolves when the hub holds a report under this label, this one or an earlier one. */
  report(report: SealedReport): Promise<void>
}

/** The result of a run that nobody sent a job for. Units: epoch milliseconds. */
export interface SealedReport {
  readonly envelopeId: string
  readonly scheduleId: string
  readonly dueAtMs: number
  readonly sealed: string
}
