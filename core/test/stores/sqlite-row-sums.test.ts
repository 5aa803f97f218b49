// SPDX-License-Identifier: Apache-2.0
/** A byte that changed by itself in a table that decides something: nothing rests on it, and the file and the table are named. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import {
  CLOCK,
  NOW_MS,
  answerOf,
  approvalOf,
  digestOf,
  idOf,
  journalOf,
  makeFolder,
  openStore,
  removeFolders,
  runOf,
  tamper,
} from './agent-store-fixture.ts'

let whole: string

beforeAll(() => {
  whole = fillEveryTable()
})

afterAll(removeFolders)

/** What is verified wherever it is read: the log by hashes under signed heads, bundles by the digest in their approval. */
const VERIFIED_TABLES: readonly string[] = ['audit_entries', 'checkpoints', 'bundles']
/** What is signed, or sealed. */
const VERIFIED_COLUMNS: readonly string[] = ['envelope', 'signed', 'sealed']

/** A database with at least one row in every table. */
function fillEveryTable(): string {
  using store = openStore()
  const journal = journalOf(store)
  const text = new TextEncoder().encode('{}')
  const issuedAt = new Date(NOW_MS).toISOString()
  const expiresAt = new Date(NOW_MS + 1_000).toISOString()
  journal.transaction(() => {
    journal.addRun(runOf(1, { state: 'refused' }))
    journal.addRun(runOf(2))
    journal.keep(idOf(2), { digest: digestOf(1), plan: text, value: text })
    journal.putOutbox(answerOf(1))
    journal.setSealed(idOf(1), 'sealed')
    journal.raiseClock(NOW_MS)
    journal.putBundle(digestOf(1), text)
    journal.putApproval(approvalOf(1, 0), text, NOW_MS)
    const subject = { plugin: 'sensors' }
    const revocation = { revocationId: idOf(3), subject, why: 'a case', issuedAt }
    store.revocations.put(revocation as Parameters<typeof store.revocations.put>[0], text, NOW_MS)
    const bundle = { digest: digestOf(2), pluginName: 'sensors', version: '0.1.2' }
    journal.putQuarantine({ ...bundle, reason: 'a case', sinceMs: NOW_MS })
    const lock = { pluginName: 'sensors', name: 'pve', stamp: 's', pinned: 'a', seen: 'b' }
    store.bindingLocks.put({ ...lock, sinceMs: NOW_MS })
    store.authority.addRoot(2, text, NOW_MS)
    store.authority.addPolicy(1, { envelope: text, rootVersion: 2 }, NOW_MS)
    journal.putCancellation(
      { cancellationId: idOf(4), jobId: idOf(5), why: 'a case', onlyOf: ['k'] },
      NOW_MS,
    )
    const word = { isIsolated: true, why: 'a case', issuedAtMs: NOW_MS, sinceMs: NOW_MS }
    journal.putIsolationWord(word)
    journal.schedules.put({ scheduleId: idOf(6), name: 'nightly', expiresAt }, text, NOW_MS)
    const order = { orderId: idOf(7), scheduleId: idOf(6), order: 'pause', issuedAt }
    store.schedules.order(order as Parameters<typeof store.schedules.order>[0], NOW_MS)
    const due = { jobId: idOf(8), envelopeId: idOf(9), scheduleId: idOf(6) }
    journal.schedules.addRun({ ...due, dueAtMs: NOW_MS, digest: digestOf(3) })
    store.witness.write({ ...store.witness.read(), size: 1, doubt: 'a case', hubNote: 'note' })
    store.witness.beginEpoch({ number: 1, sinceMs: NOW_MS, fromSize: 1 })
    journal.audit(
      Array.from({ length: 4 }, () => ({ event: 'agent.started' as const, details: {} })),
      NOW_MS,
    )
    const rows = [...store.audit.read(0, 2)]
    store.audit.dropArchived({ from: 0, to: 2 }, store.audit.writeArchive(rows))
  })
  return store.path
}

/** Every column of every table. */
function columns(): [table: string, column: string][] {
  using database = new DatabaseSync(whole, { readOnly: true })
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map(({ name }) => String(name))
  return tables.flatMap((table) =>
    database
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }): [string, string] => [table, String(name)]),
  )
}

/** A copy of the whole database. */
function copy(): string {
  const path = join(makeFolder(), 'agent.db')
  copyFileSync(whole, path)
  return path
}

/** Another value of the same type, where there is a value; each time all seat belts are off. */
function change(path: string, table: string, column: string): void {
  const triggers = triggersOf(path).map((name) => `DROP TRIGGER ${name};`)
  tamper(
    path,
    `PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; ${triggers.join(' ')}
     UPDATE ${table} SET ${column} = CASE typeof(${column})
       WHEN 'integer' THEN ${column} + 1000 WHEN 'real' THEN ${column} + 1000
       WHEN 'text' THEN substr(${column}, 2) WHEN 'blob' THEN zeroblob(length(${column}))
       ELSE NULL END`,
  )
}

function triggersOf(path: string): string[] {
  using database = new DatabaseSync(path, { readOnly: true })
  const found = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()
  return found.map(({ name }) => String(name))
}

function holdsNothingBut(path: string, table: string, column: string): boolean {
  using database = new DatabaseSync(path, { readOnly: true })
  const sql = `SELECT count(*) AS held FROM ${table} WHERE ${column} IS NOT NULL`
  return database.prepare(sql).get()?.['held'] === 0
}

const opening = (path: string) => (): unknown =>
  openSqliteAgentStore(path, { clock: CLOCK, mode: 'existing' })[Symbol.dispose]()

describe('a database that was written by this program alone', () => {
  it('is whole', () => {
    expect(opening(copy())).not.toThrow()
    using reader = openSqliteAgentStore(copy(), { clock: CLOCK, mode: 'readOnly' })
    expect(() => reader.check()).not.toThrow()
  })

  it('stays so through every change of a row', () => {
    const path = copy()
    {
      using store = openSqliteAgentStore(path, { clock: CLOCK, mode: 'existing' })
      const journal = journalOf(store)
      store.transaction(() => {
        store.runs.finish(idOf(2), NOW_MS)
        journal.acknowledge(idOf(1), NOW_MS)
        journal.liftQuarantine(digestOf(2))
        const word = { isIsolated: false, why: '', issuedAtMs: NOW_MS, sinceMs: NOW_MS }
        journal.putIsolationWord(word)
        store.clock.raise(NOW_MS + 1)
        store.clock.raise(NOW_MS)
      })
      expect(() => store.check()).not.toThrow()
    }
    expect(opening(path)).not.toThrow()
  })
})

describe('a changed value', () => {
  it('in any column that decides something is found out at the start, and the file and the table are named', () => {
    const unseen: string[] = []
    for (const [table, column] of columns()) {
      const path = copy()
      if (holdsNothingBut(path, table, column)) continue
      change(path, table, column)
      try {
        opening(path)()
        unseen.push(`${table}.${column}`)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
        expect((error as Error).message).toContain(path)
        expect((error as Error).message).toContain(table === 'row_sums' ? 'table' : table)
      }
    }
    const verified = columns().filter(
      ([table, column]) => VERIFIED_TABLES.includes(table) || VERIFIED_COLUMNS.includes(column),
    )
    expect(new Set(unseen)).toEqual(new Set(verified.map((names) => names.join('.'))))
  })

  it('in one byte of the file is found out in the table and in the index over it', () => {
    const needle = Buffer.from(idOf(1))
    const bytes = readFileSync(whole)
    let found = 0
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      const path = join(makeFolder(), 'agent.db')
      const flipped = Buffer.from(bytes)
      flipped[at + needle.length - 1]! ^= 0x04
      writeFileSync(path, flipped)
      expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
      found += 1
    }
    expect(found).toBeGreaterThan(4)
  })

  it('does not keep the log from being read', () => {
    const path = copy()
    change(path, 'runs', 'job_type')
    using reader = openSqliteAgentStore(path, { clock: CLOCK, mode: 'readOnly' })
    expect([...reader.audit.read(2, 4)]).toHaveLength(2)
    expect(() => reader.check()).toThrowCode('ERR_STORE_CORRUPT')
  })
})

describe('a row', () => {
  it.each([
    ['that is gone', 'DELETE FROM quarantine'],
    ['that nobody wrote', "INSERT INTO cancellations VALUES ('a', '', 'b', 'c', 1)"],
    ['that is there without its table in the sums', "DELETE FROM row_sums WHERE place = 'runs'"],
  ])('%s is found out', (_, sql) => {
    const path = copy()
    tamper(path, sql)
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
  })
})
