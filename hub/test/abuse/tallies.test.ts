// SPDX-License-Identifier: Apache-2.0
/** Counting within time, the same in memory and on a real Redis; and what is counted while Redis is away or hangs. */
import { createClient } from '@redis/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { memoryTallies, sharedTallies, type OpenTallies } from '../../src/abuse/tallies.ts'
import { TestRedis } from '../../../test/support/redis.ts'

const WINDOW_MS = 1_000

describe('tallies', () => {
  let redis: TestRedis
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    redis = await TestRedis.start()
    client = createClient({ url: redis.url, disableOfflineQueue: true })
    client.on('error', () => {})
    await client.connect()
  })
  afterAll(async () => {
    client.destroy()
    await redis[Symbol.asyncDispose]()
  })

  const places: [string, () => OpenTallies][] = [
    ['in memory', () => memoryTallies(100)],
    ['on Redis', () => sharedTallies({ client }, 100)],
  ]
  it.each(places)('%s count up and down, each subject and kind for itself', async (place, open) => {
    const tallies = open()({ name: `${place} a`, windowMs: 60_000 })
    const others = open()({ name: `${place} b`, windowMs: 60_000 })
    expect(await tallies.read('x')).toEqual({ points: 0, leftMs: 0 })
    await tallies.add('x', 1)
    const twice = await tallies.add('x', 1)
    expect(twice.points).toBe(2)
    expect(twice.leftMs).toBeLessThanOrEqual(60_000)
    expect((await tallies.add('x', -1)).points).toBe(1)
    expect((await tallies.add('y', 1)).points).toBe(1)
    expect((await others.add('x', 1)).points).toBe(1)
  })

  it.each(places)('%s are forgotten when their time is over, or at once', async (place, open) => {
    const tallies = open()({ name: `${place} c`, windowMs: WINDOW_MS })
    await tallies.add('x', 5)
    await tallies.set('y', 7, 60_000)
    expect((await tallies.read('y')).points).toBe(7)
    await tallies.forget('y')
    expect((await tallies.read('y')).points).toBe(0)
    await sleep(WINDOW_MS + 50)
    expect((await tallies.read('x')).points).toBe(0)
    expect((await tallies.add('x', 1)).points).toBe(1)
  })

  it.each(places)('%s miss none of many at once', async (place, open) => {
    const tallies = open()({ name: `${place} d`, windowMs: 60_000 })
    const all = await Promise.all(Array.from({ length: 50 }, () => tallies.add('x', 1)))
    expect(new Set(all.map(({ points }) => points)).size).toBe(50)
  })

  it('in memory forget the subject that came first rather than grow', async () => {
    const tallies = memoryTallies(2)({ name: 'e', windowMs: 60_000 })
    for (const subject of ['a', 'b', 'c']) await tallies.add(subject, 1)
    expect((await tallies.read('a')).points).toBe(0)
    expect((await tallies.read('c')).points).toBe(1)
  })

  it('on Redis are those of every hub, and name no address', async () => {
    const [one, two] = [1, 2].map(() =>
      sharedTallies({ client }, 100)({ name: 'f', windowMs: 60_000 }),
    )
    await one!.add('source 192.0.2.1', 1)
    expect((await two!.add('source 192.0.2.1', 1)).points).toBe(2)
    const keys = (await redis.command('KEYS', '*')) as string[]
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.join()).not.toContain('192.0.2.1')
  })

  it('go on in memory while Redis is away or hangs', async () => {
    const place: { client: object | undefined } = { client }
    const tallies = sharedTallies(place, 100)({ name: 'g', windowMs: 60_000 })
    redis.freeze()
    expect((await tallies.add('x', 1)).points).toBe(1)
    place.client = undefined
    expect((await tallies.add('x', 1)).points).toBe(2)
  })
})
