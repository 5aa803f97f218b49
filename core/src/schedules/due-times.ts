// SPDX-License-Identifier: Apache-2.0
/** The due times of one schedule on one agent: within its validity, and each with the moment at which it runs. */
import { epochMs, type Schedule } from '../protocol/index.ts'
import { jitterMsOf } from './run-id.ts'
import { readTimetable } from './timetable.ts'

/** Due times. Units: epoch milliseconds. */
export interface DueTimes {
  /** How much later than due it runs here. */
  readonly jitterMs: number
  /** The first due time after an instant; undefined when none is left. */
  next(afterMs: number): number | undefined
  isDue(atMs: number): boolean
}

/** What of a schedule says when it runs. */
export type Timing = Pick<
  Schedule,
  'scheduleId' | 'cron' | 'timeZone' | 'jitterSeconds' | 'notBefore' | 'expiresAt'
>

/** Due times, or why there are none. */
export type ReadDueTimes =
  | { readonly ok: true; readonly times: DueTimes }
  | { readonly ok: false; readonly why: string }

/** Reads the due times of a schedule. One whose moment comes after the end of the schedule is none. */
export function readDueTimes(timing: Timing, agentId: string): ReadDueTimes {
  const read = readTimetable(timing.cron, timing.timeZone)
  if (!read.ok) return read
  const jitterMs = jitterMsOf(timing, agentId)
  const beginsMs = epochMs(timing.notBefore)
  const endsMs = epochMs(timing.expiresAt) - jitterMs
  const next = (afterMs: number): number | undefined => {
    const at = read.timetable.next(Math.max(afterMs, beginsMs - 1))
    return at === undefined || at > endsMs ? undefined : at
  }
  if (next(beginsMs - 1) === undefined) {
    return { ok: false, why: 'no time of it lies within its validity' }
  }
  return { ok: true, times: { jitterMs, next, isDue: (atMs) => next(atMs - 1) === atMs } }
}

/** The moments at which a schedule runs next, at most so many. Units: epoch milliseconds. */
export function nextMoments(times: DueTimes, afterMs: number, count: number): number[] {
  const moments: number[] = []
  let due = times.next(afterMs - times.jitterMs)
  while (due !== undefined && moments.length < count) {
    moments.push(due + times.jitterMs)
    due = times.next(due)
  }
  return moments
}
