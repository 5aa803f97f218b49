// SPDX-License-Identifier: Apache-2.0
/** When a cron expression is due in a time zone, over the days on which the clock on the wall is set. */
import { Cron } from 'croner'
import { firstInstantOf, isTimeZone, lastInstantOf, wallOf } from './wall-clock.ts'

const DAY_MS = 86_400_000

/** The times of an expression. Units: epoch milliseconds. */
export interface Timetable {
  /** The first time after an instant; undefined when none comes any more. */
  next(afterMs: number): number | undefined
}

/** A timetable, or why there is none. */
export type ReadTimetable =
  | { readonly ok: true; readonly timetable: Timetable }
  | { readonly ok: false; readonly why: string }

/**
 * Reads a cron expression of five fields, or of six with one second in front.
 *
 * Time: a time that the wall does not show is due once, at the first instant after; one that it shows twice is due once, at
 * the first of the two. Where the field of the hour is `*`, every hour is meant, and the repeated one is an hour too.
 * Why not the instants of croner: it passes over a time that does not exist where the expression has a step in it.
 */
export function readTimetable(cron: string, timeZone: string): ReadTimetable {
  const why = whyUnreadable(cron, timeZone)
  if (why !== undefined) return { ok: false, why }
  const calendar = calendarOf(cron)
  if (typeof calendar === 'string') return { ok: false, why: calendar }
  const isEveryHour = fieldsOf(cron).at(-4) === '*'
  return {
    ok: true,
    timetable: { next: (afterMs) => nextIn(calendar, { timeZone, isEveryHour }, afterMs) },
  }
}

/** Why no `?` and `@`: the one stands for the time at which the expression is read, the other hides the fields. */
function whyUnreadable(cron: string, timeZone: string): string | undefined {
  if (/[^0-9A-Za-z*,/# -]/.test(cron)) return 'the cron expression has a character that it may not'
  const fields = fieldsOf(cron)
  if (fields.length < 5 || fields.length > 6) return 'a cron expression has five fields, or six'
  if (fields.length === 6 && !/^[0-9]{1,2}$/.test(fields[0]!)) {
    return 'the shortest period is a minute: the field of the seconds must be one number'
  }
  return isTimeZone(timeZone) ? undefined : 'there is no such time zone'
}

function fieldsOf(cron: string): string[] {
  return cron.trim().split(/ +/)
}

/** The expression over figures without a time zone, as croner knows them: those of UTC. */
function calendarOf(cron: string): Cron | string {
  try {
    return new Cron(cron.trim(), { timezone: 'UTC', mode: '5-or-6-parts' })
  } catch {
    return 'the cron expression cannot be read'
  }
}

interface Place {
  readonly timeZone: string
  readonly isEveryHour: boolean
}

function nextIn(
  calendar: Cron,
  { timeZone, isEveryHour }: Place,
  afterMs: number,
): number | undefined {
  const wall = wallOf(afterMs, timeZone)
  const first = search(calendar, wall, afterMs, (each) => firstInstantOf(each, timeZone))
  if (!isEveryHour || first === undefined) return first
  // What the wall shows again within a day lies behind what it shows now.
  const behind = Math.min(wall, wallOf(afterMs + DAY_MS, timeZone) - DAY_MS)
  // There is one, because there is a first one.
  const last = search(calendar, behind, afterMs, (each) => lastInstantOf(each, timeZone))!
  return Math.min(first, last)
}

function search(
  calendar: Cron,
  fromWallMs: number,
  afterMs: number,
  instantOf: (wallMs: number) => number,
): number | undefined {
  let wall = calendar.nextRun(new Date(fromWallMs))
  while (wall !== null) {
    const at = instantOf(wall.getTime())
    if (at > afterMs) return at
    wall = calendar.nextRun(wall)
  }
  return undefined
}
