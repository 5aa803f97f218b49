// SPDX-License-Identifier: Apache-2.0
/** Revocations on disk: the newest of each part is found, none goes, and there are not too many. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import type { Revocation } from '@sallyport/core/protocol'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { SqliteConnection } from '../../src/stores/sqlite-connection.ts'
import {
  SqliteRevocationStore,
  type RevocationLimits,
} from '../../src/stores/sqlite-revocations.ts'
import { makeSchema } from '../../src/stores/sqlite-schema.ts'
import {
  CLOCK,
  NOW_MS,
  digestOf,
  idOf,
  makeFolder,
  removeFolders,
  tamper,
} from './agent-store-fixture.ts'

const KEY = 'A'.repeat(43)
const PARTS = { plugin: 'sensors', digest: digestOf(1), publisherKey: KEY }

let path: string
let connection: SqliteConnection
let revocations: SqliteRevocationStore

beforeEach(() => open())
afterAll(removeFolders)

function open(limits?: RevocationLimits): void {
  path = join(makeFolder(), 'agent.db')
  connection = new SqliteConnection(path, { readOnly: false })
  makeSchema(connection)
  revocations = new SqliteRevocationStore(connection, limits)
}

/** Accepts the n-th revocation, issued so many milliseconds after now. */
function accept(n: number, subject: Revocation['subject'], afterMs = n, why = `why ${n}`): void {
  const issuedAt = new Date(NOW_MS + afterMs).toISOString()
  const head = { revocationId: idOf(n), siteId: idOf(90), agentIds: [idOf(91)], readers: [KEY] }
  connection.transaction(() =>
    revocations.put({ ...head, subject, why, issuedAt }, Uint8Array.of(n), NOW_MS),
  )
}

describe('revocations', () => {
  it.each([
    ['plugin', { plugin: 'sensors' }],
    ['digest', { digest: digestOf(1) }],
    ['publisherKey', { publisherKey: KEY }],
  ] as const)('of a %s are found by it', (part, subject) => {
    expect(revocations.newest(PARTS)).toBeUndefined()
    accept(1, subject)
    const expected = { revocationId: idOf(1), subject: part, issuedAtMs: NOW_MS + 1, why: 'why 1' }
    expect(revocations.newest(PARTS)).toEqual(expected)
    const others = { plugin: 'docker', digest: digestOf(2), publisherKey: 'B'.repeat(43) }
    expect(revocations.newest({ ...PARTS, [part]: others[part] })).toBeUndefined()
  })

  it('are not mixed up where one part reads like another', () => {
    accept(1, { plugin: 'sensors' })
    expect(
      revocations.newest({ plugin: 'x', digest: 'sensors', publisherKey: 'sensors' }),
    ).toBeUndefined()
  })

  it('are found by the newest issue, not the last to arrive', () => {
    accept(1, { plugin: 'sensors' }, 5)
    accept(2, { publisherKey: KEY }, 9)
    accept(3, { digest: digestOf(1) }, 7)
    expect(revocations.newest(PARTS)?.revocationId).toBe(idOf(2))
  })

  it('that come twice stand as they came first', () => {
    accept(1, { plugin: 'sensors' }, 5)
    accept(1, { plugin: 'docker' }, 9)
    expect(revocations.newest(PARTS)?.issuedAtMs).toBe(NOW_MS + 5)
  })

  it('are neither changed nor deleted, not even by SQL', () => {
    openSqliteAgentStore(path, { clock: CLOCK })[Symbol.dispose]()
    accept(1, { plugin: 'sensors' })
    expect(() => tamper(path, 'DELETE FROM revocations')).toThrow(/never deleted/)
    expect(() => tamper(path, 'UPDATE revocations SET issued_at_ms = 0')).toThrow(/never changed/)
  })

  it('are refused when there are too many, or one is too large', () => {
    open({ maxRevocations: 1 })
    accept(1, { plugin: 'a' })
    expect(() => accept(2, { plugin: 'b' })).toThrowCode('ERR_STORE_FULL')
    expect(() => accept(3, { plugin: 'c' }, 3, 'x'.repeat(513))).toThrowCode('ERR_STORE_WRITE')
  })

  it('that cannot be read are not taken for none', () => {
    accept(1, { plugin: 'sensors' })
    tamper(path, 'DROP TABLE revocations')
    expect(() => revocations.newest(PARTS)).toThrowCode('ERR_STORE_READ')
  })
})
