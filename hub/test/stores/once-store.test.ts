// SPDX-License-Identifier: Apache-2.0
/** Values that count once, in memory, in the database and in Redis: the same promises, and what Redis loses is said to be lost. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { MemoryOnceStore } from '../../src/sessions/memory-once-store.ts'
import type { OnceMemory } from '../../src/sessions/once-store.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { RedisLink } from '../../src/stores/redis-link.ts'
import { SqlOnceStore } from '../../src/stores/sql-once-store.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { Writes } from '../../src/stores/writes.ts'
import { TestRedis } from '../../../test/support/redis.ts'
import { until } from '../../../test/support/until.ts'

const MINUTE = 60_000
const FAST = { answer: 1_000, look: 50, redial: 50 }

let redis: TestRedis
let scope: AsyncDisposableStack
let lines: string[]
beforeAll(async () => {
  redis = await TestRedis.start()
})
afterAll(() => redis[Symbol.asyncDispose]())
beforeEach(() => {
  scope = new AsyncDisposableStack()
  lines = []
})
afterEach(() => scope.disposeAsync())

const note = (fields: object, event: string) =>
  void lines.push(`${event} ${JSON.stringify(fields)}`)
const log = { debug: note, info: note, warn: note, error: note }

async function openLink(of: TestRedis = redis): Promise<RedisLink> {
  return scope.use(await RedisLink.open({ url: of.url, log, times: FAST }))
}

async function openSql(clock = { now: () => Date.now() }): Promise<SqlOnceStore> {
  const db = scope.adopt(await openDatabase(() => sqliteDialect(':memory:')), (open) =>
    open.destroy(),
  )
  return new SqlOnceStore(db, new Writes(db), clock)
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    (value) => value,
    (error: { code: string }) => error.code,
  )

const openMemory = (clock = { now: () => Date.now() }, maxValues = 10_000) =>
  new MemoryOnceStore(clock, maxValues)

describe.each<[string, () => Promise<OnceMemory>]>([
  ['memory', async () => openMemory()],
  ['the database', () => openSql()],
  ['Redis', () => openLink()],
])('values that count once, in %s', (_, open) => {
  it('are taken once', async () => {
    const store = await open()
    const value = randomUUID()
    expect(await store.take('proof', value, MINUTE)).toBe(true)
    expect(await store.take('proof', value, MINUTE)).toBe(false)
  })

  it('are taken once by two hundred at the same moment', async () => {
    const store = await open()
    const value = randomUUID()
    const all = Array.from({ length: 200 }, () => store.take('proof', value, MINUTE))
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1)
  })

  it('are others under another kind', async () => {
    const store = await open()
    const value = randomUUID()
    expect(await store.take('proof', value, MINUTE)).toBe(true)
    expect(await store.take('challenge', value, MINUTE)).toBe(true)
  })
})

describe('the database of used values', () => {
  it('forgets what does not matter any more', async () => {
    let nowMs = Date.now()
    const store = await openSql({ now: () => nowMs })
    await store.take('proof', 'old', MINUTE)
    nowMs += 3 * MINUTE
    await store.take('proof', 'new', MINUTE)
    expect(await store.take('proof', 'old', MINUTE)).toBe(true)
    expect(await store.take('proof', 'new', MINUTE)).toBe(false)
  })
})

describe('the memory of used values', () => {
  it('forgets what does not matter any more', async () => {
    let nowMs = 1_000_000
    const store = openMemory({ now: () => nowMs }, 2)
    await store.take('proof', 'old', MINUTE)
    nowMs += MINUTE
    expect(await store.take('proof', 'old', MINUTE)).toBe(false)
    await store.take('proof', 'new', MINUTE)
    nowMs += 2_000
    expect(await store.take('proof', 'old', MINUTE)).toBe(true)
    expect(await store.take('proof', 'new', MINUTE)).toBe(false)
  })

  it('is another one for each start of the hub', () => {
    expect(openMemory().generation).not.toBe(openMemory().generation)
  })

  it('begins anew when it is full, rather than forget one of them', async () => {
    const store = openMemory(undefined, 2)
    const { generation } = store
    await store.take('proof', 'a', MINUTE)
    await store.take('proof', 'b', MINUTE)
    expect(await codeOf(store.take('proof', 'c', MINUTE))).toBe('ERR_STORE_AWAY')
    expect(store.generation).not.toBe(generation)
    expect(await store.take('proof', 'c', MINUTE)).toBe(true)
  })

  it('begins anew when the clock is set back, because what it forgot could count again', async () => {
    let nowMs = 1_000_000
    const store = openMemory({ now: () => nowMs })
    const { generation } = store
    await store.take('proof', 'a', MINUTE)
    nowMs += 5 * MINUTE
    await store.take('proof', 'b', MINUTE)
    nowMs -= 5 * MINUTE
    expect(await codeOf(store.take('proof', 'a', MINUTE))).toBe('ERR_STORE_AWAY')
    expect(store.generation).not.toBe(generation)
    expect(await store.take('proof', 'a', MINUTE)).toBe(true)
    expect(await store.take('proof', 'a', MINUTE)).toBe(false)
  })
})

describe('a Redis of used values', () => {
  it('is shared by several hubs', async () => {
    const [one, other] = [await openLink(), await openLink()]
    expect(one.generation).toBe(other.generation)
    const value = randomUUID()
    const all = Array.from({ length: 100 }, (_, at) =>
      (at % 2 === 0 ? one : other).take('proof', value, MINUTE),
    )
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1)
  })

  it('says no more than that it is away when it was flushed, and then is another one', async () => {
    const link = await openLink()
    const { generation } = link
    await link.take('proof', 'a', MINUTE)
    await redis.command('FLUSHALL')
    expect(await codeOf(link.take('proof', 'a', MINUTE))).toBe('ERR_STORE_AWAY')
    await until(() => link.generation !== undefined)
    expect(link.generation).not.toBe(generation)
  })

  it('notices a flush also when nobody asks', async () => {
    const link = await openLink()
    const { generation } = link
    await redis.command('FLUSHALL')
    await until(() => link.generation !== undefined && link.generation !== generation)
  })

  it('is another one after a restart, though it has read what it saved', async () => {
    await using own = await TestRedis.start()
    const link = await openLink(own)
    const { generation } = link
    await own.command('SAVE')
    await link.take('proof', 'a', MINUTE)
    await own.kill()
    await until(() => link.generation === undefined)
    expect(await codeOf(link.take('proof', 'a', MINUTE))).toBe('ERR_STORE_AWAY')
    await own.start()
    await until(() => link.generation !== undefined)
    expect(link.generation).not.toBe(generation)
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual([
      'redis.connected',
      'redis.away',
      'redis.back',
    ])
  })

  it('is away while it hangs, at once for all who ask after the first, and itself again after that', async () => {
    await using own = await TestRedis.start()
    const link = await openLink(own)
    const { generation } = link
    await link.take('proof', 'a', MINUTE)
    own.freeze()
    const all = Array.from({ length: 50 }, () => codeOf(link.take('proof', 'b', MINUTE)))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ERR_STORE_AWAY']))
    const after = codeOf(link.take('proof', 'b', MINUTE))
    expect(await Promise.race([after, turn('waits')])).toBe('ERR_STORE_AWAY')
    own.thaw()
    await until(() => link.generation !== undefined)
    expect(link.generation).toBe(generation)
    expect(await link.take('proof', 'a', MINUTE)).toBe(false)
  })

  it('comes when it was away at the start', async () => {
    await using own = await TestRedis.prepare()
    const link = await openLink(own)
    expect(await codeOf(link.take('proof', 'a', MINUTE))).toBe('ERR_STORE_AWAY')
    await own.start()
    await until(() => link.generation !== undefined)
    expect(await link.take('proof', 'a', MINUTE)).toBe(true)
  })

  it('is not used when it drops keys to make room', async () => {
    await using own = await TestRedis.start([
      '--maxmemory',
      '4mb',
      '--maxmemory-policy',
      'allkeys-lru',
    ])
    const link = await openLink(own)
    expect(link.generation).toBeUndefined()
    expect(lines.join('\n')).toContain('noeviction')
  })

  it('is away when its memory is full', async () => {
    await using own = await TestRedis.start(['--maxmemory', '2mb'])
    const link = await openLink(own)
    await own.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(await codeOf(link.take('proof', 'a', MINUTE))).toBe('ERR_STORE_AWAY')
  })

  it('never has its address in the log', async () => {
    const url = redis.url.replace('redis://', 'redis://user:canary-password@')
    scope.use(await RedisLink.open({ url, log, times: FAST }))
    expect(lines.join('\n')).toContain('redis.away')
    expect(lines.join('\n')).not.toMatch(/canary|127\.0\.0\.1/)
  })
})
