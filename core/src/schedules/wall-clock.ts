// SPDX-License-Identifier: Apache-2.0
/** The clock on the wall in a time zone, and the instants at which it shows a time: one, none, or two of them. */

const NANOSECONDS_IN_MS = 1_000_000

/** Whether this is the IANA name of a time zone. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    wallOf(0, name)
    return true
  } catch {
    return false
  }
}

/**
 * What the clock on the wall shows at an instant.
 *
 * Units: epoch milliseconds, and for the wall those of the same figures in UTC.
 */
export function wallOf(ms: number, timeZone: string): number {
  const { offsetNanoseconds } =
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
  return ms + offsetNanoseconds / NANOSECONDS_IN_MS
}

/** The instant at which the wall shows this for the first time; of a time it never shows, the first one after. */
export function firstInstantOf(wallMs: number, timeZone: string): number {
  const wall = plainOf(wallMs)
  const earlier = wall.toZonedDateTime(timeZone, { disambiguation: 'earlier' })
  if (earlier.toPlainDateTime().equals(wall)) return earlier.epochMilliseconds
  // Of a time that does not exist, `earlier` stands just before the hands were moved over it.
  return earlier.getTimeZoneTransition('next')!.epochMilliseconds
}

/** The same for the last time the wall shows it. */
export function lastInstantOf(wallMs: number, timeZone: string): number {
  const wall = plainOf(wallMs)
  const later = wall.toZonedDateTime(timeZone, { disambiguation: 'later' })
  if (later.toPlainDateTime().equals(wall)) return later.epochMilliseconds
  return firstInstantOf(wallMs, timeZone)
}

function plainOf(wallMs: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO('UTC').toPlainDateTime()
}
