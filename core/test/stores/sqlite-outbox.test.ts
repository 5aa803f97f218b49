// SPDX-License-Identifier: Apache-2.0
/** What the outbox forgets, and what it does not. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { SqliteConnection } from '../../src/stores/sqlite-connection.ts'
import { SqliteOutbox, type OutboxLimits } from '../../src/stores/sqlite-outbox.ts'
import { makeSchema } from '../../src/stores/sqlite-schema.ts'
import { NOW_MS, answerOf, idOf, makeFolder, removeFolders } from './agent-store-fixture.ts'

afterAll(removeFolders)

const LIMITS = { maxPendingRows: 9_999, maxPendingBytes: 1e9, maxKeptRows: 1e9, maxKeptBytes: 1e9 }

function scene(limits: Partial<OutboxLimits>): {
  outbox: SqliteOutbox
  connection: SqliteConnection
} {
  const path = join(makeFolder(), 'agent.db')
  const connection = new SqliteConnection(path, { readOnly: false })
  makeSchema(connection)
  return { outbox: new SqliteOutbox(connection, { ...LIMITS, ...limits }), connection }
}

const present = (outbox: SqliteOutbox, count: number): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => outbox.find(idOf(n)) !== undefined)

describe('the outbox', () => {
  it('forgets the oldest acknowledged answers beyond its count, and no other', () => {
    const { outbox, connection } = scene({ maxKeptRows: 2 })
    connection.transaction(() => {
      for (let n = 0; n < 6; n += 1) outbox.put(answerOf(n))
      for (const n of [5, 1, 0, 4]) outbox.acknowledge(idOf(n), NOW_MS)
      outbox.trim()
    })
    expect(present(outbox, 6)).toEqual([2, 3, 4, 5])
  })

  it('forgets the oldest acknowledged answers beyond its size, sealed forms counted', () => {
    const { outbox, connection } = scene({ maxKeptBytes: 100 })
    connection.transaction(() => {
      for (let n = 0; n < 4; n += 1) {
        outbox.put(answerOf(n, { signed: new Uint8Array(20) }))
        outbox.setSealed(idOf(n), 's'.repeat(20))
        outbox.acknowledge(idOf(n), NOW_MS)
      }
      outbox.trim()
    })
    expect(present(outbox, 4)).toEqual([2, 3])
  })

  it('forgets by itself as it goes, with 64 answers of delay at most', () => {
    const { outbox, connection } = scene({ maxKeptRows: 10 })
    for (let n = 0; n < 300; n += 1) {
      connection.transaction(() => {
        outbox.put(answerOf(n))
        outbox.acknowledge(idOf(n), NOW_MS)
      })
      expect(present(outbox, n).length).toBeLessThan(10 + 64)
    }
    expect(present(outbox, 300)).toContain(299)
  })

  it('has no room beyond its bytes', () => {
    const { outbox, connection } = scene({ maxPendingBytes: 50 })
    connection.transaction(() => outbox.put(answerOf(1, { signed: new Uint8Array(50) })))
    outbox.expectRoom(1)
    connection.transaction(() => outbox.put(answerOf(2, { signed: new Uint8Array(1) })))
    expect(() => outbox.expectRoom(1)).toThrowCode('ERR_STORE_FULL')
  })
})
