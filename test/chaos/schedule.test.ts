// SPDX-License-Identifier: Apache-2.0
/** What a seed decides. */
import { describe, expect, it } from '@jest/globals'
import type { Cast } from './cast.ts'
import { drawSchedule, drawStrikes } from './schedule.ts'
import { drawsOf } from './wire-luck.ts'

const CAST: Cast = { agentCount: 4, hubCount: 2, hasDatabase: true, hasRedis: true }
const TEN_MINUTES_MS = 600_000

describe('a schedule', () => {
  it('is the same for the same seed, and another one for another', () => {
    const schedule = drawSchedule(7, TEN_MINUTES_MS, CAST)
    expect(drawSchedule(7, TEN_MINUTES_MS, CAST)).toEqual(schedule)
    expect(drawSchedule(8, TEN_MINUTES_MS, CAST)).not.toEqual(schedule)
  })

  it('does everything to everybody within ten minutes', () => {
    const { troubles, orders } = drawSchedule(7, TEN_MINUTES_MS, CAST)
    const done = new Set(troubles.map(({ kind, who }) => `${kind} ${who.replace(/-[0-9]/, '')}`))
    expect([...done].toSorted()).toEqual([
      'kill agent',
      'kill database',
      'kill hub',
      'kill redis',
      'partition agent',
      'partition operator',
      'stop agent',
      'stop hub',
    ])
    expect(new Set(orders.map(({ agent }) => agent)).size).toBe(4)
    expect(new Set(orders.map(({ jobType }) => jobType)).size).toBe(3)
  })

  it('lies in wait at every step for whoever has a job in hands then', () => {
    const { orders, ambushes } = drawSchedule(7, TEN_MINUTES_MS, CAST)
    const done = new Set(ambushes.map(({ step, who }) => `${step} ${who.replace(/-[0-9]/, '')}`))
    expect([...done].toSorted()).toEqual([
      ...['accepted database', 'accepted hub', 'answered database', 'answered hub'],
      ...['delivered agent', 'delivered database', 'delivered hub', 'sent database', 'sent hub'],
    ])
    const ofAgents = ambushes.filter(({ who }) => who.startsWith('agent'))
    expect(ofAgents.every(({ who, order }) => who === `agent-${orders[order]!.agent}`)).toBe(true)
  })

  it('of kills alone has so many, of hubs, at every step', () => {
    const strikes = drawStrikes(7, 300, CAST)
    expect(strikes).toHaveLength(300)
    expect(new Set(strikes.map(({ ambush }) => ambush.who))).toEqual(new Set(['hub-0', 'hub-1']))
    expect(new Set(strikes.map(({ ambush }) => ambush.step)).size).toBe(4)
    expect(strikes.every(({ orders, ambush }) => orders[0]!.number === ambush.order)).toBe(true)
  })

  it('does one thing at a time to each', () => {
    const { troubles } = drawSchedule(7, TEN_MINUTES_MS, CAST)
    for (const [at, { who, atMs }] of troubles.entries()) {
      const before = troubles.slice(0, at).filter((one) => one.who === who)
      expect(before.every((one) => one.atMs + one.forMs <= atMs)).toBe(true)
    }
  })
})

describe('the luck of a line', () => {
  it('depends on the seed and the line, and not on what happens on others', () => {
    const first = Array.from({ length: 50 }, drawsOf(7, 'agent-1'))
    const other = drawsOf(7, 'agent-2')
    const again = drawsOf(7, 'agent-1')
    const second = first.map(() => (other(), again()))
    expect(second).toEqual(first)
    expect(Array.from({ length: 50 }, drawsOf(7, 'agent-2'))).not.toEqual(first)
  })

  it('loses, cuts and repeats about one exchange in seven', () => {
    const drawn = Array.from({ length: 2_000 }, drawsOf(7, 'operator'))
    const countOf = (fault: string): number => drawn.filter((one) => one.fault === fault).length
    expect(countOf('none')).toBeGreaterThan(1_600)
    for (const fault of ['lose-request', 'lose-answer', 'cut-answer', 'repeat']) {
      expect(countOf(fault)).toBeGreaterThan(20)
    }
  })
})
