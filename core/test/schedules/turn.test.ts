// SPDX-License-Identifier: Apache-2.0
/** What a schedule asks for: on time, late, after downtime, and when the clock jumps; ids and delays of due times. */
import { describe, expect, it } from '@jest/globals'
import {
  jitterMsOf,
  nextMoments,
  readDueTimes,
  runIdOf,
  turnOf,
  type DueTimes,
  type Timing,
  type Turn,
} from '../../src/schedules/index.ts'
import { Id } from '../../src/protocol/primitives.ts'

const SCHEDULE_ID = '01890000-0000-7000-8000-0000000000aa'
const AGENT_ID = '01890000-0000-7000-8000-0000000000bb'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOON = Date.parse('2026-12-01T12:00:00.000Z')

function timing(changes: Partial<Timing> = {}): Timing {
  return {
    scheduleId: SCHEDULE_ID,
    cron: '*/10 * * * *',
    timeZone: 'UTC',
    jitterSeconds: 0,
    notBefore: '2026-11-01T00:00:00.000Z',
    expiresAt: '2027-11-01T00:00:00.000Z',
    ...changes,
  }
}

function times(changes: Partial<Timing> = {}): DueTimes {
  const read = readDueTimes(timing(changes), AGENT_ID)
  if (!read.ok) throw new Error(read.why)
  return read.times
}

const turn = (
  catchUp: 'skip' | 'once',
  handledMs: number,
  nowMs: number,
  changes: Partial<Timing> = {},
): Turn => turnOf(times(changes), catchUp, { handledMs, nowMs })

const NONE = { count: 0, isMore: false }

describe('a turn', () => {
  it('is nothing before the next due time, and after one that was handled', () => {
    expect(turn('once', NOON, NOON + 10 * MINUTE - 1)).toEqual({ todo: 'nothing' })
    expect(turn('once', NOON, NOON)).toEqual({ todo: 'nothing' })
  })

  it.each(['skip', 'once'] as const)('runs what is on time (%s)', (catchUp) => {
    const dueAtMs = NOON + 10 * MINUTE
    const run = { todo: 'run', dueAtMs, missed: NONE, isCatchUp: false }
    expect(turn(catchUp, NOON, dueAtMs)).toEqual(run)
    expect(turn(catchUp, NOON, dueAtMs + MINUTE)).toEqual(run)
  })

  it('passes over what nobody was there for, or makes up for it once', () => {
    const nowMs = NOON + 3 * HOUR + 5 * MINUTE
    const dueAtMs = NOON + 3 * HOUR
    const missed = { count: 18, isMore: false }
    expect(turn('skip', NOON, nowMs)).toEqual({ todo: 'skip', dueAtMs, missed })
    expect(turn('once', NOON, nowMs)).toEqual({ todo: 'run', dueAtMs, missed, isCatchUp: true })
  })

  it('makes up for missed times with the one that is on time', () => {
    const nowMs = NOON + 3 * HOUR
    const run = { todo: 'run', dueAtMs: nowMs, missed: { count: 17, isMore: false } }
    expect(turn('once', NOON, nowMs)).toEqual({ ...run, isCatchUp: true })
    expect(turn('skip', NOON, nowMs)).toEqual({ ...run, isCatchUp: false })
  })

  it('finds nothing when the clock went back, until it has passed the handled time again', () => {
    for (let nowMs = NOON - 5 * HOUR; nowMs < NOON + 10 * MINUTE; nowMs += MINUTE) {
      expect(turn('once', NOON, nowMs)).toEqual({ todo: 'nothing' })
    }
  })

  it('counts so many missed times and no more, and finds the last one far back', () => {
    const nowMs = NOON + 30 * DAY
    const missed = { count: 1_000, isMore: true }
    expect(turn('skip', NOON, nowMs + 5 * MINUTE)).toEqual({ todo: 'skip', dueAtMs: nowMs, missed })
    const monthly = turn('once', NOON, NOON + 50 * DAY, { cron: '0 12 15 * *' })
    const dueAtMs = Date.parse('2027-01-15T12:00:00.000Z')
    expect(monthly).toEqual({
      todo: 'run',
      dueAtMs,
      missed: { count: 2, isMore: false },
      isCatchUp: true,
    })
  })

  it('comes later by the jitter', () => {
    const jittered = { jitterSeconds: 300 }
    const { jitterMs } = times(jittered)
    const dueAtMs = NOON + 10 * MINUTE
    expect(jitterMs).toBeGreaterThan(0)
    expect(turn('once', NOON, dueAtMs + jitterMs - 1, jittered)).toEqual({ todo: 'nothing' })
    expect(turn('once', NOON, dueAtMs + jitterMs, jittered)).toMatchObject({ todo: 'run', dueAtMs })
  })
})

describe('due times of a schedule', () => {
  it('lie within its validity, with the moment of the run', () => {
    const last = { expiresAt: '2026-12-01T12:10:00.000Z', notBefore: '2026-12-01T12:00:00.000Z' }
    expect(nextMoments(times(last), 0, 5)).toEqual([NOON, NOON + 10 * MINUTE])
    expect(times(last).isDue(NOON)).toBe(true)
    expect(times(last).isDue(NOON + 5 * MINUTE)).toBe(false)
    expect(times(last).isDue(NOON + 20 * MINUTE)).toBe(false)
    const { jitterMs } = times({ jitterSeconds: 300 })
    expect(nextMoments(times({ ...last, jitterSeconds: 300 }), 0, 5)).toEqual([NOON + jitterMs])
  })

  it('must be some', () => {
    const never = timing({ cron: '0 0 30 2 *' })
    expect(readDueTimes(never, AGENT_ID)).toEqual({ ok: false, why: expect.any(String) })
    expect(readDueTimes(timing({ cron: 'x x x x x' }), AGENT_ID).ok).toBe(false)
  })
})

describe('the id of a due time', () => {
  it('is the same UUIDv7 whenever it is made, and another for another time, schedule or agent', () => {
    const id = runIdOf(SCHEDULE_ID, AGENT_ID, NOON)
    expect(Id.safeParse(id).success).toBe(true)
    expect(id).toBe(runIdOf(SCHEDULE_ID, AGENT_ID, NOON))
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOON)
    expect(runIdOf(SCHEDULE_ID, AGENT_ID, NOON + MINUTE)).not.toBe(id)
    expect(runIdOf(AGENT_ID, AGENT_ID, NOON).slice(14)).not.toBe(id.slice(14))
    expect(runIdOf(SCHEDULE_ID, SCHEDULE_ID, NOON).slice(14)).not.toBe(id.slice(14))
    expect(id).toBe(id.toLowerCase())
  })
})

describe('jitter', () => {
  it('is whole seconds up to the bound, and the same every time', () => {
    const delays = Array.from({ length: 200 }, (_, n) =>
      jitterMsOf({ scheduleId: `schedule-${n}`, jitterSeconds: 4 }, AGENT_ID),
    )
    expect([...new Set(delays)].toSorted()).toEqual([0, 1_000, 2_000, 3_000, 4_000])
    const given = { scheduleId: SCHEDULE_ID, jitterSeconds: 3_600 }
    expect(jitterMsOf(given, AGENT_ID)).toBe(jitterMsOf(given, AGENT_ID))
    expect(jitterMsOf(given, AGENT_ID)).not.toBe(jitterMsOf(given, SCHEDULE_ID))
    expect(jitterMsOf({ ...given, jitterSeconds: 0 }, AGENT_ID)).toBe(0)
  })
})
