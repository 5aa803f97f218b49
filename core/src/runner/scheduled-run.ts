// SPDX-License-Identifier: Apache-2.0
/** One due time's way: admit → record the intent → run → record the outcome. The report goes out as any answer does. */
import { admitScheduled, type AdmissionPorts, type Decision } from '../admission/index.ts'
import { runIdOf } from '../schedules/index.ts'
import { parseEnvelope } from '../protocol/index.ts'
import { digestOf } from '../crypto/index.ts'
import type { Journal, ScheduleBook, ScheduleRow } from './ports.ts'
import type { Due, Intent, Receipt, Recorder } from './recorder.ts'
import type { RefusedTimes } from './ports.ts'
import { countedRefusal } from './repeated-refusal.ts'

const MIB = 1_024 * 1_024

/**
 * Reports that wait for the hub. At the bound nothing more runs by itself, and the oldest stay.
 *
 * Why two bounds: what only looks must not take the room of what changes something. Why half of the outbox at most:
 * the answers to jobs have the other half.
 */
export const REPORT_LIMITS = {
  read: { count: 1_024, bytes: 16 * MIB },
  change: { count: 2_048, bytes: 32 * MIB },
} as const

/** Size of an envelope that was accepted once. */
const MAX_ENVELOPE_BYTES = 131_072

/** What a due time is decided with. */
export interface ScheduledRunPorts {
  readonly admission: AdmissionPorts
  readonly journal: Journal
  readonly clock: { now(): number }
  /** A new UUIDv7. */
  readonly makeId: () => string
}

/** A due time of a schedule that is held. */
export interface DueTime {
  readonly scheduleId: string
  readonly dueAtMs: number
  /** For the audit log: what came before it. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Admits a due time and records what was decided; only with an intent may a run begin.
 *
 * Why the schedule is looked up again: while its run waited for a slot it may have been paused, or removed.
 * Throws: ERR_STORE_…; then nothing was decided, and the due time is found again.
 */
export function beginScheduled(
  due: DueTime,
  recorder: Recorder,
  ports: ScheduledRunPorts,
): Intent | undefined {
  const row = ports.journal.schedules.list().find((each) => each.scheduleId === due.scheduleId)
  if (row === undefined || row.isPaused || row.handledMs >= due.dueAtMs) return undefined
  const { decision, receipt } = decide({ ...due, row }, ports)
  const counted = countedIn(decision, row, receipt)
  if (counted !== undefined) {
    recorder.recordRepeated(receipt.due, counted)
    return undefined
  }
  if (!hasRoom(decision, ports.journal)) {
    recorder.recordWithheld(receipt.due, row.withheldCount + 1)
    return undefined
  }
  if (row.withheldCount > 0) recorder.recordRoom(receipt.due, row.withheldCount)
  if (decision.admitted) return recorder.recordIntent(receipt, decision)
  recorder.recordRefusal(receipt, decision)
  return undefined
}

/** Why a label of its own: the hub must not know it before, or it could spend it on another answer. */
function decide(
  { row, dueAtMs, details }: DueTime & { readonly row: ScheduleRow },
  { admission, journal, clock, makeId }: ScheduledRunPorts,
): { decision: Decision; receipt: Receipt & { readonly due: Due } } {
  const { scheduleId, name } = row
  const envelope = journal.schedules.envelope(scheduleId) ?? new Uint8Array(0)
  const receivedAtMs = clock.now()
  const started = performance.now()
  const decision = admitScheduled({ envelope, dueAtMs }, admission)
  const admitMs = performance.now() - started
  const jobId = runIdOf(scheduleId, admission.self.agentId, dueAtMs)
  const refused = refusedBy(decision, receivedAtMs)
  const digest = digestIn(envelope)
  const said = { ...details, ...refusedBefore(row) }
  const due = { jobId, scheduleId, name, dueAtMs, digest, refused, details: said }
  return { decision, receipt: { envelopeId: makeId(), receivedAtMs, openMs: 0, admitMs, due } }
}

function refusedBy(decision: Decision, nowMs: number): RefusedTimes | null {
  if (decision.admitted) return null
  return { reason: decision.refusal.reason, recordedAtMs: nowMs, count: 0 }
}

/** Why: what was only counted is said with the next time that is on record. */
function refusedBefore({ refused }: ScheduleRow): Record<string, unknown> {
  if (refused === null || refused.count === 0) return {}
  return { refusedBefore: { reason: refused.reason, count: refused.count } }
}

function countedIn(
  decision: Decision,
  { refused }: ScheduleRow,
  { receivedAtMs }: Receipt,
): RefusedTimes | undefined {
  if (decision.admitted) return undefined
  return countedRefusal(refused, decision.refusal.reason, receivedAtMs)
}

function hasRoom(decision: Decision, { schedules }: Journal): boolean {
  const isRead = !decision.admitted || decision.jobManifest.effect === 'read'
  const limit = isRead ? REPORT_LIMITS.read : REPORT_LIMITS.change
  const { count, bytes } = schedules.pendingReports()
  return count < limit.count && bytes < limit.bytes
}

/** Why not from the decision: a schedule whose signature no longer counts is named by its bytes as well. */
function digestIn(envelope: Uint8Array): string {
  try {
    return digestOf(parseEnvelope(envelope, MAX_ENVELOPE_BYTES).payload)
  } catch {
    return digestOf(envelope)
  }
}

/** The schedules of an agent that takes none. */
export const NO_SCHEDULES: ScheduleBook = {
  list: () => [],
  envelope: () => undefined,
  standing: () => undefined,
  put: () => undefined,
  order: () => undefined,
  handle: () => undefined,
  withhold: () => undefined,
  keepRefused: () => undefined,
  addRun: () => undefined,
  findRun: () => undefined,
  pendingReports: () => ({ count: 0, bytes: 0 }),
}
