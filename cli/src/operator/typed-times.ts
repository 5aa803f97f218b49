// SPDX-License-Identifier: Apache-2.0
/** What a person typed of the times of a schedule. */
import { Name } from '@sallyport/core/protocol'
import type { Schedule } from '@sallyport/core/protocol'
import { readTimetable } from '@sallyport/core/schedules'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MAX_JITTER_MS = 3_600_000
const MAX_LIFETIME_MS = 400 * 86_400_000

/** As typed. */
export interface TypedTimes {
  readonly name: string
  readonly cron: string
  readonly timeZone: string | undefined
  readonly jitterMs: number
  readonly catchUp: string
  readonly lifetimeMs: number
}

/** The times as a schedule says them. Throws: ERR_USAGE. */
export function typedTimes(
  typed: TypedTimes,
): Pick<Schedule, 'cron' | 'timeZone' | 'jitterSeconds' | 'catchUp'> {
  const { name, cron, jitterMs, catchUp, lifetimeMs } = typed
  const timeZone = typed.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  if (!Name.safeParse(name).success) {
    throw usage(`${JSON.stringify(name)} is not a name`, 'Use small letters, digits and hyphens.')
  }
  const read = readTimetable(cron, timeZone)
  if (!read.ok) {
    const remedy = 'Five fields: minute, hour, day, month, weekday; a zone as Europe/Vienna.'
    throw usage(read.why, remedy)
  }
  if (jitterMs > MAX_JITTER_MS) throw usage('--jitter is longer than an hour', 'Use at most 60m.')
  if (lifetimeMs > MAX_LIFETIME_MS) {
    throw usage('--until is longer than an agent accepts', 'Use at most 400d.')
  }
  const jitterSeconds = Math.floor(jitterMs / 1_000)
  return { cron, timeZone, jitterSeconds, catchUp: catchUp === 'once' ? 'once' : 'skip' }
}

function usage(what: string, remedy: string): Problem {
  return new Problem('ERR_USAGE', what, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy,
  })
}
