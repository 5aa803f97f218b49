// SPDX-License-Identifier: Apache-2.0
/** Who is sent away while the hub is behind. */
import { describe, expect, it } from '@jest/globals'
import { fastify } from 'fastify'
import { Newcomers, watchNewcomers } from '../../src/http/newcomers.ts'

/** What so many newcomers are told who are looked at in this moment. */
function crowd(newcomers: Newcomers, count: number, atMs: number): (number | undefined)[] {
  return Array.from({ length: count }, () => newcomers.retryAfterMs(atMs))
}

describe('newcomers', () => {
  it('are all taken while the hub is on time', () => {
    expect(crowd(new Newcomers(0), 5_000, 300).every((told) => told === undefined)).toBe(true)
  })

  it('are taken when they are few, however far the hub is behind', () => {
    expect(crowd(new Newcomers(0), 99, 60_000).every((told) => told === undefined)).toBe(true)
  })

  it('are sent away when they are many and the hub is behind, each for longer than the one before', () => {
    const told = crowd(new Newcomers(0), 5_000, 1_250)
    expect(told.slice(0, 99).every((one) => one === undefined)).toBe(true)
    expect(told[99]).toBe(5_010)
    expect(told[199]).toBe(6_010)
    expect(told.at(-1)).toBe(30_000)
  })

  it('are taken again after the next look', () => {
    const newcomers = new Newcomers(0)
    crowd(newcomers, 200, 2_000)
    newcomers.look(2_010)
    expect(newcomers.retryAfterMs(2_300)).toBeUndefined()
  })

  it('are told more for as long as they come, and little again after a look at which none had come', () => {
    const newcomers = new Newcomers(0)
    crowd(newcomers, 1_099, 2_000)
    newcomers.look(2_010)
    expect(crowd(newcomers, 100, 4_000).at(-1)).toBe(15_010)
    newcomers.look(4_010)
    newcomers.look(4_260)
    expect(crowd(newcomers, 100, 6_000).at(-1)).toBe(5_010)
  })
})

describe('a server that is behind', () => {
  it('sends away who begins a session or comes back, and nobody else', async () => {
    const paths = ['/v1/sessions/challenges', '/v1/mailbox?waitSeconds=50&again=true']
    const others = ['/health', '/v1/mailbox?waitSeconds=50', '/v1/sessions/challenges/again=true']
    await using app = fastify()
    watchNewcomers(app)
    app.get('/*', async () => 'served')
    await app.ready()
    const blockedUntil = performance.now() + 1_400
    while (performance.now() < blockedUntil);
    const urls = [...paths, ...others].flatMap((url) => Array<string>(120).fill(url))
    const answers = await Promise.all(urls.map((url) => app.inject({ url })))
    const sentAway = urls.filter((_, at) => answers[at]!.statusCode !== 200)
    expect(sentAway.length).toBeGreaterThan(120)
    expect(sentAway.filter((url) => !paths.includes(url))).toEqual([])
  })
})
