// SPDX-License-Identifier: Apache-2.0
/** Looks again and again which schedules are due, and has what is due run. */
import { isCodedError } from '@sallyport/sdk'
import { ADMISSION_LIMITS, type AdmissionPorts } from '../admission/index.ts'
import {
  documents,
  instantOf,
  parseDocument,
  parseEnvelope,
  type Schedule,
} from '../protocol/index.ts'
import { readDueTimes, turnOf, type DueTimes, type Missed, type Turn } from '../schedules/index.ts'
import type { Journal, ScheduleRow } from './ports.ts'
import type { RunnerLog } from './runner.ts'
import type { DueTime } from './scheduled-run.ts'

/** The longest time between two looks. Why: a clock that is set, and a schedule that comes, are noticed that late. */
export const LOOK_EVERY_MS = 5_000

const MAX_ENVELOPE_BYTES = 131_072

/** What a scheduler works with. */
export interface SchedulerPorts {
  readonly admission: Pick<AdmissionPorts, 'self' | 'clock'>
  readonly journal: Journal
  /** Runs a due time; resolves when it has ended and is on record. */
  readonly run: (due: DueTime) => Promise<void>
  /** Waits; resolves early, and does not reject, when `signal` is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Whether nothing is due for now; what passes meanwhile is missed. Unless given, never. */
  readonly isHeld?: () => boolean
  readonly log: RunnerLog
}

type Read = { readonly times: DueTimes; readonly catchUp: Schedule['catchUp'] } | undefined

/** The schedules of an agent, over time. One run of a schedule at a time. */
export class Scheduler {
  readonly #ports: SchedulerPorts
  readonly #read = new Map<string, Read>()
  readonly #running = new Map<string, Promise<void>>()
  #isClockTrusted = true

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
  }

  /** Looks until `signal` is aborted, then waits for the runs it began. Never rejects. */
  async go(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = this.#lookSafely()
      if (!signal.aborted) await this.#ports.sleep(waitMs, signal)
    }
    await Promise.all(this.#running.values())
  }

  /**
   * Decides on every schedule and begins what is due. Returns how long nothing can be due, in milliseconds.
   *
   * Throws: ERR_STORE_…; what was not decided is found at the next look.
   */
  look(): number {
    if (this.#ports.isHeld?.() === true) return LOOK_EVERY_MS
    const { clock } = this.#ports.admission
    const nowMs = clock.now()
    if (!this.#expectTrustedClock(nowMs, clock.highest())) return LOOK_EVERY_MS
    const rows = this.#ports.journal.schedules.list()
    const nextMs = rows.map((row) => this.#turn(row, nowMs))
    return Math.max(0, Math.min(LOOK_EVERY_MS, ...nextMs.map((at) => at - nowMs)))
  }

  /** Resolves when no run that this scheduler began is going on. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  #lookSafely(): number {
    try {
      return this.look()
    } catch (error) {
      if (!isCodedError(error)) throw error
      this.#ports.log.warn({ code: error.code }, 'schedules wait: the journal cannot be used')
      return LOOK_EVERY_MS
    }
  }

  /** Why said once: the clock may stand for days, and each entry is synced to disk. */
  #expectTrustedClock(nowMs: number, highestMs: number): boolean {
    const isTrusted = nowMs >= highestMs - ADMISSION_LIMITS.maxClockStepBackMs
    if (!isTrusted && this.#isClockTrusted) {
      const details = { why: 'clock_untrusted', behindMs: highestMs - nowMs }
      this.#ports.log.warn(details, 'schedules wait: the clock stands before a time it has shown')
      this.#note(details, nowMs)
    }
    this.#isClockTrusted = isTrusted
    return isTrusted
  }

  /** Returns when the schedule is due next. */
  #turn(row: ScheduleRow, nowMs: number): number {
    const read = row.isPaused || this.#running.has(row.scheduleId) ? undefined : this.#readOf(row)
    if (read === undefined) return Infinity
    const { times, catchUp } = read
    const turn = turnOf(times, catchUp, { handledMs: row.handledMs, nowMs })
    if (turn.todo === 'run') this.#begin(row, turn, nowMs)
    if (turn.todo === 'skip') this.#skip(row, turn.dueAtMs, turn.missed, nowMs)
    const handledMs = turn.todo === 'nothing' ? row.handledMs : turn.dueAtMs
    return (times.next(handledMs) ?? Infinity) + times.jitterMs
  }

  #begin(row: ScheduleRow, turn: Extract<Turn, { todo: 'run' }>, nowMs: number): void {
    const { dueAtMs, missed, isCatchUp } = turn
    if (missed.count > 0 && !isCatchUp) this.#skip(row, dueAtMs - 1, missed, nowMs)
    const details = isCatchUp ? { caughtUp: missed } : {}
    const { scheduleId } = row
    const going = this.#run({ scheduleId, dueAtMs, details }).finally(() => {
      this.#running.delete(scheduleId)
    })
    this.#running.set(scheduleId, going)
  }

  async #run(due: DueTime): Promise<void> {
    const { scheduleId } = due
    try {
      await this.#ports.run(due)
    } catch (error) {
      if (!isCodedError(error)) throw error
      const details = { scheduleId, code: error.code }
      this.#ports.log.warn(details, 'a scheduled run could not be recorded')
    }
  }

  #skip(row: ScheduleRow, untilMs: number, missed: Missed, nowMs: number): void {
    const { scheduleId, name } = row
    const details = { scheduleId, name, why: 'missed', missed, until: instantOf(untilMs) }
    this.#note(details, nowMs, () => this.#ports.journal.schedules.handle(scheduleId, untilMs))
  }

  #note(details: Readonly<Record<string, unknown>>, nowMs: number, write?: () => void): void {
    const { journal } = this.#ports
    journal.transaction(() => {
      write?.()
      journal.raiseClock(nowMs)
      journal.audit([{ event: 'schedule.skipped', details }], nowMs)
    })
  }

  /** Trust: bytes from disk. They say when to ask; whether it may run is decided anew, with their signatures. */
  #readOf({ scheduleId }: ScheduleRow): Read {
    if (this.#read.has(scheduleId)) return this.#read.get(scheduleId)
    const envelope = this.#ports.journal.schedules.envelope(scheduleId)
    const read = envelope && this.#parse(scheduleId, envelope)
    this.#read.set(scheduleId, read)
    return read
  }

  #parse(scheduleId: string, envelope: Uint8Array): Read {
    try {
      const { payload } = parseEnvelope(envelope, MAX_ENVELOPE_BYTES)
      const schedule = parseDocument(documents.schedule, payload)
      const due = readDueTimes(schedule, this.#ports.admission.self.agentId)
      if (due.ok && schedule.scheduleId === scheduleId) {
        return { times: due.times, catchUp: schedule.catchUp }
      }
    } catch (error) {
      if (!isCodedError(error)) throw error
    }
    this.#ports.log.warn({ scheduleId }, 'a schedule that is held cannot be read')
    return undefined
  }
}
