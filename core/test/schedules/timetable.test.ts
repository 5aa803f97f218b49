// SPDX-License-Identifier: Apache-2.0
/** Due times over the days on which clocks are set, in three time zones, and expressions that are no timetable. */
import { describe, expect, it } from '@jest/globals'
import { readTimetable } from '../../src/schedules/timetable.ts'

/** Due times after an instant, `MM-DD hh:mm` in UTC. */
function timesOf(cron: string, timeZone: string, after: string, count: number): string[] {
  const read = readTimetable(cron, timeZone)
  if (!read.ok) throw new Error(read.why)
  const times: string[] = []
  let at = read.timetable.next(Date.parse(after))
  while (at !== undefined && times.length < count) {
    times.push(new Date(at).toISOString().slice(5, 16).replace('T', ' '))
    at = read.timetable.next(at)
  }
  return times
}

interface Case {
  readonly name: string
  readonly cron: string
  readonly zone: string
  readonly after: string
  readonly due: readonly string[]
}

const VIENNA = 'Europe/Vienna'
const NEW_YORK = 'America/New_York'
const LORD_HOWE = 'Australia/Lord_Howe'

const CASES: readonly Case[] = [
  {
    name: 'Vienna, 02:30 does not exist: it is due at 03:00',
    cron: '30 2 * * *',
    zone: VIENNA,
    after: '2027-03-26T12:00:00Z',
    due: ['03-27 01:30', '03-28 01:00', '03-29 00:30'],
  },
  {
    name: 'Vienna, all times of a missing hour are due once, together',
    cron: '*/15 2 * * *',
    zone: VIENNA,
    after: '2027-03-27T12:00:00Z',
    due: ['03-28 01:00', '03-29 00:00', '03-29 00:15', '03-29 00:30', '03-29 00:45'],
  },
  {
    name: 'Vienna, a missing time and an existing one that meet are due once',
    cron: '0 2,3 * * *',
    zone: VIENNA,
    after: '2027-03-27T12:00:00Z',
    due: ['03-28 01:00', '03-29 00:00', '03-29 01:00'],
  },
  {
    name: 'Vienna, every quarter of an hour goes on over the missing hour',
    cron: '*/15 * * * *',
    zone: VIENNA,
    after: '2027-03-28T00:20:00Z',
    due: ['03-28 00:30', '03-28 00:45', '03-28 01:00', '03-28 01:15'],
  },
  {
    name: 'Vienna, 02:30 exists twice: it is due the first time',
    cron: '30 2 * * *',
    zone: VIENNA,
    after: '2027-10-29T12:00:00Z',
    due: ['10-30 00:30', '10-31 00:30', '11-01 01:30'],
  },
  {
    name: 'Vienna, the times of a repeated hour are due once',
    cron: '*/20 2 * * *',
    zone: VIENNA,
    after: '2027-10-30T12:00:00Z',
    due: ['10-31 00:00', '10-31 00:20', '10-31 00:40', '11-01 01:00'],
  },
  {
    name: 'Vienna, every second hour is due once at an hour that exists twice',
    cron: '0 */2 * * *',
    zone: VIENNA,
    after: '2027-10-30T21:00:00Z',
    due: ['10-30 22:00', '10-31 00:00', '10-31 03:00'],
  },
  {
    name: 'Vienna, every half of an hour goes on over the repeated hour',
    cron: '*/30 * * * *',
    zone: VIENNA,
    after: '2027-10-30T23:40:00Z',
    due: ['10-31 00:00', '10-31 00:30', '10-31 01:00', '10-31 01:30', '10-31 02:00'],
  },
  {
    name: 'Vienna, asked within the repeated hour, the day goes on with the next day',
    cron: '30 2 * * *',
    zone: VIENNA,
    after: '2027-10-31T01:10:00Z',
    due: ['11-01 01:30'],
  },
  {
    name: 'New York, 02:30 does not exist: it is due at 03:00',
    cron: '30 2 * * *',
    zone: NEW_YORK,
    after: '2027-03-13T12:00:00Z',
    due: ['03-14 07:00', '03-15 06:30'],
  },
  {
    name: 'New York, 01:30 exists twice: it is due the first time',
    cron: '30 1 * * *',
    zone: NEW_YORK,
    after: '2027-11-06T12:00:00Z',
    due: ['11-07 05:30', '11-08 06:30'],
  },
  {
    name: 'New York, every hour is due in both hours of the same name',
    cron: '15 * * * *',
    zone: NEW_YORK,
    after: '2027-11-07T04:20:00Z',
    due: ['11-07 05:15', '11-07 06:15', '11-07 07:15'],
  },
  {
    name: 'Lord Howe, half an hour is missing: 02:15 is due at 02:30',
    cron: '15 2 * * *',
    zone: LORD_HOWE,
    after: '2027-10-02T00:00:00Z',
    due: ['10-02 15:30', '10-03 15:15'],
  },
  {
    name: 'Lord Howe, every hour: the missing quarter past two is due at half past',
    cron: '15 * * * *',
    zone: LORD_HOWE,
    after: '2027-10-02T14:00:00Z',
    due: ['10-02 14:45', '10-02 15:30', '10-02 16:15'],
  },
  {
    name: 'Lord Howe, half an hour is repeated: 01:45 is due the first time',
    cron: '45 1 * * *',
    zone: LORD_HOWE,
    after: '2027-04-02T20:00:00Z',
    due: ['04-03 14:45', '04-04 15:15'],
  },
  {
    name: 'Lord Howe, every ten minutes goes on over the repeated half hour',
    cron: '*/10 * * * *',
    zone: LORD_HOWE,
    after: '2027-04-03T14:45:00Z',
    due: ['04-03 14:50', '04-03 15:00', '04-03 15:10', '04-03 15:20', '04-03 15:30'],
  },
  {
    name: 'a second may be named',
    cron: '30 0 3 * * *',
    zone: 'UTC',
    after: '2027-01-01T00:00:00Z',
    due: ['01-01 03:00', '01-02 03:00'],
  },
  {
    name: 'days and months have names, and the 29th of February comes every fourth year',
    cron: '0 4 29 feb *',
    zone: 'UTC',
    after: '2027-01-01T00:00:00Z',
    due: ['02-29 04:00', '02-29 04:00'],
  },
  {
    name: 'the last Friday of a month',
    cron: '0 6 * * fri#L',
    zone: 'UTC',
    after: '2027-01-01T00:00:00Z',
    due: ['01-29 06:00', '02-26 06:00'],
  },
]

describe('due times', () => {
  it.each(CASES)('$name', ({ cron, zone, after, due }) => {
    expect(timesOf(cron, zone, after, due.length)).toEqual(due)
  })

  it('come one by one, whatever instant they are asked after', () => {
    const read = readTimetable('*/10 * * * *', LORD_HOWE)
    if (!read.ok) throw new Error(read.why)
    const beginsMs = Date.parse('2027-04-03T13:00:00Z')
    for (let minute = 0; minute < 240; minute += 1) {
      const atMs = beginsMs + minute * 60_000
      const expected = (Math.floor(minute / 10) + 1) * 10
      expect(read.timetable.next(atMs)).toBe(beginsMs + expected * 60_000)
      expect(read.timetable.next(atMs + 1)).toBe(beginsMs + expected * 60_000)
    }
  })

  it('end where none comes any more', () => {
    const read = readTimetable('0 0 30 2 *', 'UTC')
    expect(read.ok && read.timetable.next(0)).toBeUndefined()
  })
})

describe('no timetable', () => {
  it.each([
    ['* * * * * *', 'UTC', 'shortest period'],
    ['*/30 * * * * *', 'UTC', 'shortest period'],
    ['0,30 * * * * *', 'UTC', 'shortest period'],
    ['0-1 * * * * *', 'UTC', 'shortest period'],
    ['? * * * *', 'UTC', 'character'],
    ['@midnight', 'UTC', 'character'],
    ['* * * *', 'UTC', 'five fields'],
    ['0 0 0 1 1 * 2027', 'UTC', 'five fields'],
    ['61 * * * *', 'UTC', 'cannot be read'],
    ['a b c d e', 'UTC', 'cannot be read'],
    ['0 3 * * *', 'Europe/Atlantis', 'time zone'],
    ['0 3 * * *', '+02:00', 'time zone'],
  ])('%s in %s', (cron, zone, why) => {
    expect(readTimetable(cron, zone)).toEqual({ ok: false, why: expect.stringContaining(why) })
  })
})
