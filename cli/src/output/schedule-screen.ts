// SPDX-License-Identifier: Apache-2.0
/** Schedules and their times as people read them: in local time, with how far away that is. */
import { nextMoments, readDueTimes } from '@sallyport/core/schedules'
import type { Schedule } from '@sallyport/core/protocol'
import { EXIT } from './exit-codes.ts'
import { Problem } from './problem.ts'
import { relative } from './words.ts'

/** When a schedule runs next on an agent, at most so many times. Throws: ERR_USAGE when its times cannot be read. */
export function momentsOf(
  schedule: Schedule,
  agentId: string,
  { nowMs, count }: { nowMs: number; count: number },
): number[] {
  const due = readDueTimes(schedule, agentId)
  if (due.ok) return nextMoments(due.times, nowMs, count)
  throw new Problem('ERR_USAGE', `the schedule is never due: ${due.why}`, {
    exit: EXIT.usage,
    details: { cron: schedule.cron, timeZone: schedule.timeZone },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Five fields: minute, hour, day, month, weekday. Every night at three is "0 3 * * *".',
  })
}

/** `Mon 23 Nov 2026 03:00:00 Europe/Vienna, in 17 h`. */
export function momentText(ms: number, timeZone: string, nowMs: number): string {
  return `${localTime(ms, timeZone)} ${timeZone}, ${relative(ms, nowMs)}`
}

/** An instant on the clock on the wall. */
export function localTime(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(ms)
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? ''
  const date = `${of('weekday')} ${of('day')} ${of('month')} ${of('year')}`
  return `${date} ${of('hour')}:${of('minute')}:${of('second')}`
}

/** `up to 5 min later, the same each time` and what becomes of missed times. */
export function habitsText({ jitterSeconds, catchUp }: Schedule): string {
  const missed =
    catchUp === 'once' ? 'missed times are made up for by one run' : 'missed times are passed over'
  return jitterSeconds === 0 ? missed : `up to ${jitterSeconds} s later; ${missed}`
}
