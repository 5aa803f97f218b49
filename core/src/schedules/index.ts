// SPDX-License-Identifier: Apache-2.0
/** Schedules: when they are due, and what is to be done then. */
export { nextMoments, readDueTimes } from './due-times.ts'
export type { DueTimes, ReadDueTimes, Timing } from './due-times.ts'
export { jitterMsOf, runIdOf } from './run-id.ts'
export { readTimetable } from './timetable.ts'
export type { ReadTimetable, Timetable } from './timetable.ts'
export { MAX_MISSED_COUNT, ON_TIME_MS, turnOf } from './turn.ts'
export type { Missed, Turn } from './turn.ts'
