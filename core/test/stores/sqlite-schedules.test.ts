// SPDX-License-Identifier: Apache-2.0
/** Schedules on disk: how far each was decided, which order stands, and which reports wait. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { SqliteScheduleStore } from '../../src/stores/sqlite-schedules.ts'
import type { SqliteAgentStore } from '../../src/stores/index.ts'
import { NOW_MS, answerOf, idOf, openStore, removeFolders, tamper } from './agent-store-fixture.ts'

const DAY_MS = 86_400_000
let store: SqliteAgentStore

beforeEach(() => {
  store = openStore()
})
afterAll(removeFolders)

const at = (ms: number) => new Date(ms).toISOString()
function put(n: number, expiresAtMs = NOW_MS + DAY_MS, atMs = NOW_MS): void {
  const schedule = { scheduleId: idOf(n), name: `schedule-${n}`, expiresAt: at(expiresAtMs) }
  store.transaction(() => store.schedules.put(schedule, Uint8Array.of(n), atMs))
}
function order(n: number, what: 'pause' | 'resume' | 'remove', issuedAtMs: number, id = 1): void {
  const given = {
    orderId: idOf(id),
    siteId: idOf(1),
    agentIds: [idOf(2)],
    scheduleId: idOf(n),
    order: what,
    issuedAt: at(issuedAtMs),
    readers: [],
  }
  store.transaction(() => store.schedules.order(given, NOW_MS + 5))
}

describe('the schedules of an agent', () => {
  it('are kept with what was decided of them, which only goes forward', () => {
    put(1)
    put(1, NOW_MS + 9 * DAY_MS, NOW_MS + 7)
    expect(store.schedules.list()).toEqual([
      {
        scheduleId: idOf(1),
        name: 'schedule-1',
        expiresAtMs: NOW_MS + DAY_MS,
        handledMs: NOW_MS,
        withheldCount: 0,
        refused: null,
        isPaused: false,
      },
    ])
    store.transaction(() => store.schedules.handle(idOf(1), NOW_MS + 9))
    store.transaction(() => store.schedules.handle(idOf(1), NOW_MS + 3))
    store.transaction(() => store.schedules.withhold(idOf(1), 4))
    expect(store.schedules.list()).toMatchObject([{ handledMs: NOW_MS + 9, withheldCount: 4 }])
    expect(store.schedules.envelope(idOf(1))).toEqual(Uint8Array.of(1))
    expect(store.schedules.envelope(idOf(2))).toBeUndefined()
  })

  it('are kept with how their due times are refused', () => {
    put(1)
    put(2)
    const refused = { reason: 'isolated', recordedAtMs: NOW_MS + 9, count: 7 } as const
    store.transaction(() => store.schedules.keepRefused(idOf(1), refused))
    expect(store.schedules.list()).toMatchObject([{ refused }, { refused: null }])
    store.transaction(() => store.schedules.keepRefused(idOf(1), null))
    expect(store.schedules.list()).toMatchObject([{ refused: null }, { refused: null }])
  })

  it('are forgotten long after their end', () => {
    put(1)
    put(2, NOW_MS + 40 * DAY_MS, NOW_MS + 30 * DAY_MS)
    expect(store.schedules.list()).toHaveLength(2)
    put(3, NOW_MS + 40 * DAY_MS, NOW_MS + 32 * DAY_MS)
    expect(store.schedules.list().map(({ scheduleId }) => scheduleId)).toEqual([idOf(2), idOf(3)])
  })

  it('obey the order that was issued last, whichever came last, and a removal for ever', () => {
    put(1)
    order(1, 'pause', NOW_MS + 2)
    order(1, 'resume', NOW_MS + 1)
    expect(store.schedules.list()).toMatchObject([{ isPaused: true, handledMs: NOW_MS }])
    order(1, 'resume', NOW_MS + 2, 2)
    expect(store.schedules.list()).toMatchObject([{ isPaused: false, handledMs: NOW_MS + 5 }])
    order(1, 'remove', NOW_MS)
    order(1, 'resume', NOW_MS + 9)
    expect(store.schedules.list()).toEqual([])
    expect(store.schedules.standing(idOf(1))).toBe('remove')
    expect(store.schedules.standing(idOf(2))).toBeUndefined()
  })

  it('that cannot be read are not taken for none', () => {
    put(1)
    tamper(store.path, 'DROP TABLE schedules')
    expect(() => store.schedules.list()).toThrowCode('ERR_STORE_READ')
  })
})

describe('runs that are due', () => {
  it('count with the size of their reports until the hub holds them', () => {
    const row = { scheduleId: idOf(1), dueAtMs: NOW_MS, digest: `sha256:${'0'.repeat(64)}` }
    const add = (n: number) =>
      store.transaction(() =>
        store.schedules.addRun({ ...row, jobId: idOf(n), envelopeId: idOf(n + 100) }),
      )
    add(1)
    add(1)
    add(2)
    const answer = answerOf(101, { jobId: idOf(1), signed: new Uint8Array(50) })
    store.transaction(() => store.outbox.put(answer))
    expect(store.schedules.pendingReports()).toEqual({ count: 2, bytes: 50 })
    expect(store.schedules.findRun(idOf(1))).toEqual({
      ...row,
      jobId: idOf(1),
      envelopeId: idOf(101),
    })
    store.transaction(() => store.schedules.forgetRun(idOf(1), idOf(999)))
    expect(store.schedules.findRun(idOf(1))).toBeDefined()
    store.transaction(() => store.schedules.forgetRun(idOf(1), idOf(101)))
    expect(store.schedules.findRun(idOf(1))).toBeUndefined()
    expect(store.schedules).toBeInstanceOf(SqliteScheduleStore)
  })
})
