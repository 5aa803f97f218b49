// SPDX-License-Identifier: Apache-2.0
/** Whether the hub can work: what its parts say, and what `/ready` makes of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeApp } from '../../src/http/app.ts'
import { Readiness, addReady, type PartState, type ReadyPart } from '../../src/http/ready.ts'
import { diskPart } from '../../src/http/ready-parts.ts'
import { openLog, type Log } from '../../src/log.ts'
import { openGuard } from '../support/guard.ts'
import { errorCodeOf, send } from '../support/raw.ts'

interface Line {
  readonly event: string
  readonly part: string
}

function openReadiness(freshMs = 1_000, everyMs = 5_000): { readiness: Readiness; lines: Line[] } {
  const lines: Line[] = []
  const write = (fields: object, event: string) => void lines.push({ ...(fields as Line), event })
  const log: Log = { debug: write, info: write, warn: write, error: write }
  return { readiness: new Readiness(log, { fresh: freshMs, patience: 100, every: everyMs }), lines }
}

const part = (name: string, isNeeded: boolean, look: ReadyPart['look']): ReadyPart => ({
  name,
  isNeeded,
  look,
})

describe('the readiness of a hub', () => {
  it.each<[PartState, boolean, string]>([
    ['ok', true, 'ready'],
    ['degraded', true, 'degraded'],
    ['away', true, 'away'],
    ['degraded', false, 'degraded'],
    ['away', false, 'degraded'],
  ])('with a part that is %s and needed: %s is %s', async (state, isNeeded, status) => {
    const { readiness } = openReadiness()
    readiness.add(part('database', true, () => 'ok'))
    readiness.add(part('redis', isNeeded, () => state))
    expect(await readiness.look()).toEqual({ status, parts: { database: 'ok', redis: state } })
  })

  it('takes a part for away that throws, and one that does not answer', async () => {
    const { readiness } = openReadiness()
    readiness.add(part('throws', false, () => Promise.reject(new Error('no'))))
    readiness.add(part('hangs', false, () => new Promise(() => undefined)))
    expect((await readiness.look()).parts).toEqual({ throws: 'away', hangs: 'away' })
  })

  it('looks once for all who ask within a second', async () => {
    const { readiness } = openReadiness()
    let lookCount = 0
    readiness.add(part('database', true, () => (lookCount++, 'ok')))
    await Promise.all(Array.from({ length: 50 }, () => readiness.look()))
    await readiness.look()
    expect(lookCount).toBe(1)
  })

  it('logs each change once', async () => {
    const { readiness, lines } = openReadiness(0)
    const states: PartState[] = ['ok', 'away', 'away', 'ok']
    let asked = 0
    readiness.add(part('redis', false, () => states[asked++] ?? 'ok'))
    while (asked < states.length) await readiness.look()
    expect(lines.map(({ event, part: name }) => `${event} ${name}`)).toEqual([
      'part.changed redis',
      'part.back redis',
    ])
  })

  it('finds out by itself, where nobody asks', async () => {
    const { readiness, lines } = openReadiness(0, 20)
    readiness.add(part('redis', false, () => 'away'))
    using _watching = readiness.watch()
    while (lines.length === 0) await sleep(10)
    await sleep(100)
    expect(lines.map(({ event }) => event)).toEqual(['part.changed'])
  })

  it('finds a disk low before it is full', async () => {
    const never = new AbortController().signal
    expect(await diskPart(import.meta.dirname, 0).look(never)).toBe('ok')
    expect(await diskPart(import.meta.dirname, Number.MAX_VALUE).look(never)).toBe('degraded')
  })
})

describe('/ready', () => {
  const { readiness } = openReadiness(0)
  const log = openLog('silent')
  const guarded = openGuard()
  const app = makeApp({ log, ...guarded, isDraining: () => false })
  let url: string
  beforeAll(async () => {
    const open = {
      authenticate: async () => undefined,
      epochs: { expectConfirmed: async () => {} },
    }
    addReady({ app, ...guarded, ...open }, { readiness })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => app.close())

  it('answers 200 without a session', async () => {
    readiness.add(part('database', true, () => 'ok'))
    const answer = await send(`${url}/ready`)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({ status: 'ready', degraded: [] })
  })

  it('says what is degraded', async () => {
    readiness.add(part('redis', false, () => 'away'))
    const answer = await send(`${url}/ready`)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({ status: 'degraded', degraded: ['redis'] })
  })

  it('answers 503 with a code while a needed part is away, and says nothing more of it', async () => {
    const away = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432'))
    readiness.add(part('database', true, away))
    const answer = await send(`${url}/ready`)
    expect([answer.status, errorCodeOf(answer)]).toEqual([503, 'ERR_NOT_READY'])
    expect(answer.text).not.toMatch(/10\.0\.0\.7|database/)
  })
})
