// SPDX-License-Identifier: Apache-2.0
/** The audit log in SQLite, and someone with write access to the file. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AuditLog, leafHash, verifyAuditLog, type AuditVerdict } from '@sallyport/core/audit'
import {
  KEY,
  NOW_MS,
  ORIGIN,
  journalOf,
  openStore,
  removeFolders,
  tamper,
} from './agent-store-fixture.ts'

afterAll(removeFolders)

/** A closed log of one append of two entries and eight of one each: entries 0 to 9. */
function closedLog(): string {
  using store = openStore()
  const journal = journalOf(store)
  for (const count of [2, 1, 1, 1, 1, 1, 1, 1, 1]) {
    const events = Array.from(
      { length: count },
      () => ({ event: 'handle.used', details: {} }) as const,
    )
    journal.transaction(() => journal.audit(events, NOW_MS))
  }
  return store.path
}

function verify(path: string): AuditVerdict {
  using store = openStore(path)
  return verifyAuditLog(store.audit, ORIGIN, KEY.publicKey)
}

const TAKE_OFF = `
  DROP TRIGGER audit_entries_stand; DROP TRIGGER audit_entries_stay;
  DROP TRIGGER audit_entries_have_no_gaps; DROP TRIGGER checkpoints_stand;
  DROP TRIGGER checkpoints_stay; DROP TRIGGER checkpoints_rise;
`

/** Replaces an entry and its kept hash, as someone does who knows the format. */
function rewrite(path: string, index: number, bytes: Uint8Array): void {
  using database = new DatabaseSync(path, { defensive: false })
  database.exec(TAKE_OFF)
  database
    .prepare('UPDATE audit_entries SET bytes = ?, leaf_hash = ? WHERE idx = ?')
    .run(bytes, leafHash(bytes), index)
}

describe('the tables', () => {
  it.each([
    ['UPDATE audit_entries SET bytes = bytes WHERE idx = 1', /never changed/],
    ['DELETE FROM audit_entries WHERE idx = 9', /never deleted/],
    ["INSERT INTO audit_entries VALUES (11, x'00', zeroblob(32))", /at the end/],
    ["INSERT OR REPLACE INTO audit_entries VALUES (1, x'00', zeroblob(32))", /at the end/],
    ['UPDATE checkpoints SET note = note', /never changed/],
    ['DELETE FROM checkpoints WHERE size = 10', /never deleted/],
    ["INSERT INTO checkpoints VALUES (10, 'x')", /at the end/],
    ["INSERT OR REPLACE INTO checkpoints VALUES (2, 'x')", /at the end/],
  ])('are append-only: %s', (sql, why) => {
    const path = closedLog()
    expect(() => tamper(path, sql)).toThrow(why)
    expect(verify(path)).toMatchObject({ ok: true, size: 10 })
  })

  it('take no entry, hash or checkpoint of an impossible size', () => {
    const path = closedLog()
    for (const sql of [
      'INSERT INTO audit_entries VALUES (10, zeroblob(8193), zeroblob(32))',
      "INSERT INTO audit_entries VALUES (10, x'00', zeroblob(31))",
      "INSERT INTO audit_entries VALUES (10, 'text', zeroblob(32))",
      'INSERT INTO checkpoints VALUES (11, hex(zeroblob(9000)))',
    ]) {
      expect(() => tamper(path, sql)).toThrow(/constraint failed|cannot store/)
    }
  })

  it('get their seat belts back at the next start', () => {
    const path = closedLog()
    tamper(path, TAKE_OFF)
    verify(path)
    expect(() => tamper(path, 'DELETE FROM audit_entries')).toThrow(/never deleted/)
  })
})

describe('someone who writes to the file', () => {
  const exact = (index: number): object => ({ ok: false, firstBadIndex: index, notAfter: index })

  it.each([
    ['edits an entry', "UPDATE audit_entries SET bytes = x'7b7d' WHERE idx = 4", 4],
    ['edits a hash', 'UPDATE audit_entries SET leaf_hash = zeroblob(32) WHERE idx = 5', 5],
    ['removes an entry', 'DELETE FROM audit_entries WHERE idx = 6', 6],
    ['cuts the end off', 'DELETE FROM audit_entries WHERE idx >= 7', 7],
    [
      'removes an entry and closes the gap',
      'DELETE FROM audit_entries WHERE idx = 3; UPDATE audit_entries SET idx = -idx WHERE idx > 3;' +
        'UPDATE audit_entries SET idx = -idx - 1 WHERE idx < 0',
      3,
    ],
    [
      'repeats an entry at the end',
      'INSERT INTO audit_entries SELECT 10, bytes, leaf_hash FROM audit_entries WHERE idx = 9',
      10,
    ],
    ['removes a checkpoint of the end', 'DELETE FROM checkpoints WHERE size = 10', 9],
    ['edits a checkpoint', "UPDATE checkpoints SET note = note || 'x' WHERE size = 4", 3],
  ])('and %s is found out, and the place is named', (_, sql, index) => {
    const path = closedLog()
    // The checks of the columns are no hindrance to someone who writes the file itself.
    tamper(path, `PRAGMA ignore_check_constraints = ON; ${TAKE_OFF} ${sql}`)
    expect(verify(path)).toMatchObject(exact(index))
  })

  it('and rewrites an entry with its hash is found out by the checkpoint over it', () => {
    const path = closedLog()
    rewrite(path, 6, new TextEncoder().encode('{"invented":true}'))
    expect(verify(path)).toMatchObject(exact(6))
  })

  it('and rewrites one of two entries of one append is found out up to the append', () => {
    const path = closedLog()
    using store = openStore(path)
    const [, second] = [...store.audit.read(0, 2)]
    const text = new TextDecoder().decode(second!.bytes).replace('handle.used', 'run.failed')
    store[Symbol.dispose]()
    rewrite(path, 1, new TextEncoder().encode(text))
    expect(verify(path)).toMatchObject({ ok: false, firstBadIndex: 0, notAfter: 1 })
  })

  it('cannot make the agent go on with a log that does not end as it was signed', () => {
    const path = closedLog()
    tamper(path, `${TAKE_OFF} DELETE FROM audit_entries WHERE idx >= 7`)
    using store = openStore(path)
    const log = new AuditLog(store.audit, ORIGIN, KEY)
    const goOn = (): unknown =>
      store.transaction(() => log.append([{ event: 'agent.started', details: {} }], NOW_MS))
    expect(goOn).toThrowCode('ERR_AUDIT_BROKEN')
    expect(store.audit.size()).toBe(7)
  })
})

describe('reading', () => {
  it('walks twice over the same rows at once, and stops when told', () => {
    using store = openStore(closedLog())
    const pairs: [number, number][] = []
    for (const outer of store.audit.read(0, 2)) {
      for (const inner of store.audit.read(0, 5)) {
        pairs.push([outer.index, inner.index])
        if (inner.index === 1) break
      }
    }
    expect(pairs).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    expect(store.transaction(() => 1)).toBe(1)
  })

  it('gives the hashes of a range', () => {
    using store = openStore(closedLog())
    const rows = [...store.audit.read(3, 6)]
    expect(store.audit.leafHashes(3, 6)).toEqual(rows.map((row) => leafHash(row.bytes)))
  })

  it('of a file with no log gives nothing', () => {
    using store = openStore(join(closedLog(), '..', 'other.db'))
    expect([...store.audit.read(0, 9), ...store.audit.checkpoints()]).toEqual([])
    expect([store.audit.size(), store.audit.lastCheckpoint(), store.audit.frontier()]).toEqual([
      0,
      undefined,
      undefined,
    ])
  })
})
