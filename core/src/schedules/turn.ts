// SPDX-License-Identifier: Apache-2.0
/** What a schedule asks for at an instant: nothing, a run, or that times nobody was there for are passed over. */
import type { Schedule } from '../protocol/index.ts'
import type { DueTimes } from './due-times.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A run this late is still on time. Why: timers and waiting for a slot take a moment; the shortest period is as long. */
export const ON_TIME_MS = MINUTE_MS

/** Missed times that are counted one by one; of more it is said that there are more. */
export const MAX_MISSED_COUNT = 1_000

/** How far back the last due time is looked for: in ever longer steps, and no further. */
const LOOK_BACK_MS = [HOUR_MS, DAY_MS, 32 * DAY_MS, 401 * DAY_MS]

/** The times that nobody was there for. */
export interface Missed {
  /** At most `MAX_MISSED_COUNT`. */
  readonly count: number
  readonly isMore: boolean
}

/** What is to be done. Units: epoch milliseconds. */
export type Turn =
  | { readonly todo: 'nothing' }
  /** `missed` were passed over, or are made up for by this run when `isCatchUp`. */
  | {
      readonly todo: 'run'
      readonly dueAtMs: number
      readonly missed: Missed
      readonly isCatchUp: boolean
    }
  | { readonly todo: 'skip'; readonly dueAtMs: number; readonly missed: Missed }

/**
 * Decides on a schedule.
 *
 * Time: `handledMs` is the last due time that was decided on. A clock that went back finds nothing due until it has passed
 * that time again; one that jumped ahead finds times that nobody was there for, as after downtime.
 */
export function turnOf(
  times: DueTimes,
  catchUp: Schedule['catchUp'],
  { handledMs, nowMs }: { readonly handledMs: number; readonly nowMs: number },
): Turn {
  const untilMs = nowMs - times.jitterMs
  const dueAtMs = lastDue(times, handledMs, untilMs)
  if (dueAtMs === undefined) return { todo: 'nothing' }
  const isOnTime = untilMs - dueAtMs <= ON_TIME_MS
  const missed = countDue(times, handledMs, isOnTime ? dueAtMs - 1 : dueAtMs)
  const isCatchUp = catchUp === 'once' && missed.count > 0
  if (isOnTime || isCatchUp) return { todo: 'run', dueAtMs, missed, isCatchUp }
  return { todo: 'skip', dueAtMs, missed }
}

/** The last due time after one instant and up to another. */
function lastDue(times: DueTimes, afterMs: number, untilMs: number): number | undefined {
  for (const lookBackMs of LOOK_BACK_MS) {
    const fromMs = Math.max(afterMs, untilMs - lookBackMs)
    let last: number | undefined
    for (let at = times.next(fromMs); at !== undefined && at <= untilMs; at = times.next(at)) {
      last = at
    }
    if (last !== undefined || fromMs === afterMs) return last
  }
  return undefined
}

function countDue(times: DueTimes, afterMs: number, untilMs: number): Missed {
  let count = 0
  let at = times.next(afterMs)
  while (at !== undefined && at <= untilMs && count < MAX_MISSED_COUNT) {
    count += 1
    at = times.next(at)
  }
  return { count, isMore: at !== undefined && at <= untilMs }
}
