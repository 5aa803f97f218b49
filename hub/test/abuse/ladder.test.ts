// SPDX-License-Identifier: Apache-2.0
/** The ladder: what each further invalid attempt comes to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { Ladder, backOffMs } from '../../src/abuse/ladder.ts'
import { memoryTallies } from '../../src/abuse/tallies.ts'
import { HUB_LIMITS } from '../../src/limits.ts'

const LIMITS = {
  ...HUB_LIMITS,
  backOffAfter: 2,
  backOffFirstMs: 300,
  backOffMaxMs: 750,
  penaltyAfter: 4,
  penaltyMs: 7,
  lockOutAfter: 6,
  lockOutMs: 600,
  quarantineAfter: 2,
}
const open = (limits = LIMITS) => new Ladder(limits, memoryTallies(100))
const agent = { subject: 'key a', mayBeQuarantined: true }

async function climb(ladder: Ladder, times: number, climber = agent) {
  const climbs = []
  for (let n = 0; n < times; n += 1) climbs.push(await ladder.climb(climber))
  return climbs
}

describe('the ladder', () => {
  it('doubles the back-off up to its most', () => {
    expect([1, 2, 3, 4, 5].map((count) => backOffMs(count, LIMITS))).toEqual([
      0, 300, 600, 750, 750,
    ])
  })

  it('says each step once, in order', async () => {
    const climbs = await climb(open(), 8)
    expect(climbs.map(({ step }) => step)).toEqual([
      undefined,
      'backed-off',
      undefined,
      'penalised',
      undefined,
      'locked-out',
      undefined,
      undefined,
    ])
    expect(climbs.map(({ penaltyMs }) => penaltyMs)).toEqual([0, 0, 0, 7, 7, 7, 7, 7])
  })

  it('refuses nobody before the first step, and then for a while', async () => {
    const ladder = open()
    await climb(ladder, 1)
    expect(await ladder.blockOf(agent.subject)).toBeUndefined()
    await climb(ladder, 1)
    expect(await ladder.blockOf(agent.subject)).toMatchObject({ reason: 'backed-off' })
    expect(await ladder.blockOf('key b')).toBeUndefined()
    await sleep(330)
    expect(await ladder.blockOf(agent.subject)).toBeUndefined()
  })

  it('locks out once for attempts that come together, and begins anew afterwards', async () => {
    const ladder = open({ ...LIMITS, quarantineAfter: 9 })
    await climb(ladder, 20)
    const block = await ladder.blockOf(agent.subject)
    expect(block?.reason).toBe('locked-out')
    expect(block?.leftMs).toBeGreaterThan(200)
    await sleep(630)
    expect(await ladder.blockOf(agent.subject)).toBeUndefined()
    const again = await climb(ladder, 6)
    expect(again.map(({ step }) => step).filter((step) => step !== undefined)).toEqual([
      'backed-off',
      'penalised',
      'locked-out',
    ])
  })

  it('ends in quarantine for keys that may be, and for others in another lock-out', async () => {
    for (const [mayBeQuarantined, last] of [
      [true, 'quarantined'],
      [false, 'locked-out'],
    ] as const) {
      const ladder = open()
      const climber = { subject: 'key a', mayBeQuarantined }
      await climb(ladder, 6, climber)
      await sleep(630)
      const climbs = await climb(ladder, 6, climber)
      expect(climbs.at(-1)?.step).toBe(last)
    }
  })

  it('forgives all of it', async () => {
    const ladder = open()
    await climb(ladder, 20)
    await ladder.forgive(agent.subject)
    expect(await ladder.blockOf(agent.subject)).toBeUndefined()
    expect((await climb(ladder, 1))[0]?.count).toBe(1)
  })
})
