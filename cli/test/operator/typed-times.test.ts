// SPDX-License-Identifier: Apache-2.0
/** What a person types of times, and how times are shown. */
import { describe, expect, it } from '@jest/globals'
import { typedTimes, type TypedTimes } from '../../src/operator/typed-times.ts'
import { localTime, momentText } from '../../src/output/schedule-screen.ts'

const TYPED: TypedTimes = {
  name: 'nightly',
  cron: '0 3 * * *',
  timeZone: 'Europe/Vienna',
  jitterMs: 90_500,
  catchUp: 'once',
  lifetimeMs: 86_400_000,
}

describe('typed times', () => {
  it('become those of a schedule, by default in the time zone of this machine', () => {
    const { cron, timeZone } = TYPED
    expect(typedTimes(TYPED)).toEqual({ cron, timeZone, jitterSeconds: 90, catchUp: 'once' })
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(typedTimes({ ...TYPED, timeZone: undefined }).timeZone).toBe(own)
  })

  it.each<Partial<TypedTimes>>([
    { name: 'Not a name' },
    { cron: '* * * * * *' },
    { timeZone: 'Moon/Base' },
    { jitterMs: 3_700_000 },
    { lifetimeMs: 401 * 86_400_000 },
  ])('%j is a mistake that is said', (changes) => {
    expect(() => typedTimes({ ...TYPED, ...changes })).toThrowCode('ERR_USAGE')
  })
})

describe('a moment', () => {
  it('is shown on the clock on the wall, with how far away it is', () => {
    const ms = Date.parse('2026-11-23T02:00:00.000Z')
    expect(localTime(ms, 'Europe/Vienna')).toBe('Mon 23 Nov 2026 03:00:00')
    expect(momentText(ms, 'Europe/Vienna', ms - 7_200_000)).toBe(
      'Mon 23 Nov 2026 03:00:00 Europe/Vienna, in 2 h',
    )
  })
})
