// SPDX-License-Identifier: Apache-2.0
/** The database as a whole: how it opens, what it refuses, what a transaction promises. */
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { verifyAuditLog } from '@sallyport/core/audit'
import { documents } from '@sallyport/core/protocol'
import { openSqliteAgentStore, type AgentStoreOptions } from '@sallyport/core/stores'
import { SCHEMA_VERSION } from '../../src/stores/sqlite-schema.ts'
import { SqliteConnection } from '../../src/stores/sqlite-connection.ts'
import {
  CLOCK,
  KEY,
  NOW_MS,
  ORIGIN,
  idOf,
  journalOf,
  makeFolder,
  openStore,
  removeFolders,
  runOf,
  tamper,
} from './agent-store-fixture.ts'

afterAll(removeFolders)

const opening =
  (path: string, mode: AgentStoreOptions['mode'] = 'create') =>
  (): unknown =>
    openSqliteAgentStore(path, { clock: CLOCK, mode })

const PAGE_BYTES = 4_096

/** Makes of a database what version 2 would have made. */
const VERSION_2 = `
  DROP TRIGGER runs_stay; DROP TRIGGER runs_keep_their_id; DROP TRIGGER runs_end_once;
  DROP TRIGGER audit_entries_stand; DROP TRIGGER checkpoints_stay;
  ${[
    'trust_roots policies binding_locks cancellations isolation schedules schedule_orders due_runs',
    'witness epochs audit_archives row_sums',
  ]
    .flatMap((names) => names.split(' '))
    .map((name) => `DROP TABLE IF EXISTS ${name};`)
    .join(' ')}
  ALTER TABLE runs DROP COLUMN kept;
  ALTER TABLE runs DROP COLUMN kept_plan;
  ALTER TABLE runs DROP COLUMN kept_digest;
  PRAGMA user_version = 2`

/** A closed database with so many entries of some size. */
function filledFile(count = 200): string {
  using store = openStore()
  const journal = journalOf(store)
  const details = { text: 'x'.repeat(2_000) }
  journal.transaction(() =>
    journal.audit(Array(count).fill({ event: 'handle.used', details }), NOW_MS),
  )
  return store.path
}

describe('opening', () => {
  it('makes a file that only its owner can read, log included', () => {
    using store = openStore()
    store.transaction(() => store.clock.raise(NOW_MS))
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(`${store.path}${suffix}`).mode & 0o777).toBe(0o600)
    }
  })

  it('finds again what was written', () => {
    using first = openStore()
    first.transaction(() => first.runs.add(runOf(1)))
    first[Symbol.dispose]()
    for (const mode of ['create', 'existing', 'readOnly'] as const) {
      using again = openSqliteAgentStore(first.path, { clock: CLOCK, mode })
      expect(again.runs.has(idOf(1))).toBe(true)
    }
  })

  it('of a file that is not there is refused, unless it may be made', () => {
    const path = join(makeFolder(), 'agent.db')
    expect(opening(path, 'existing')).toThrowCode('ERR_STORE_MISSING')
    expect(opening(path, 'readOnly')).toThrowCode('ERR_STORE_MISSING')
    writeFileSync(path, '')
    expect(opening(path, 'existing')).toThrowCode('ERR_STORE_MISSING')
  })

  it('of a link or a folder is refused', () => {
    const folder = makeFolder()
    const link = join(folder, 'link.db')
    symlinkSync(filledFile(), link)
    expect(opening(link)).toThrowCode('ERR_STORE_OPEN')
    expect(opening(folder)).toThrowCode('ERR_STORE_OPEN')
  })

  it('in a folder that is not there is refused', () => {
    expect(opening(join(makeFolder(), 'none', 'agent.db'))).toThrowCode('ERR_STORE_OPEN')
  })

  it('of a file that is no database is refused, and the file is named and left alone', () => {
    const path = join(makeFolder(), 'agent.db')
    const text = 'nothing of the kind '.repeat(100)
    writeFileSync(path, text)
    expect(() => openSqliteAgentStore(path, { clock: CLOCK })).toThrow(path)
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('of the database of another program is refused', () => {
    const path = join(makeFolder(), 'agent.db')
    tamper(path, 'CREATE TABLE theirs (a); PRAGMA user_version = 1')
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
    expect(opening(path, 'existing')).toThrowCode('ERR_STORE_CORRUPT')
  })

  it('of a database whose making was cut short begins anew', () => {
    const path = join(makeFolder(), 'agent.db')
    tamper(path, 'PRAGMA journal_mode = WAL; PRAGMA page_size')
    expect(statSync(path).size).toBeGreaterThan(0)
    expect(opening(path, 'existing')).toThrowCode('ERR_STORE_CORRUPT')
    using store = openStore(path)
    expect(store.audit.size()).toBe(0)
  })

  it('of a database by a newer version is refused', () => {
    const path = filledFile()
    tamper(path, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    expect(opening(path)).toThrowCode('ERR_STORE_NEWER')
    tamper(path, 'PRAGMA user_version = 0')
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
  })

  it('of a database by an older version is refused, and says so', () => {
    const path = filledFile()
    tamper(path, 'PRAGMA user_version = 1')
    for (const mode of ['create', 'existing', 'readOnly'] as const) {
      expect(opening(path, mode)).toThrowCode('ERR_STORE_OLDER')
    }
    expect(opening(path)).toThrow(path)
  })

  it('of a database of version 2 brings it up to date and keeps what is in it', () => {
    const path = filledFile()
    {
      using store = openStore(path)
      store.transaction(() => store.runs.add(runOf(1)))
    }
    tamper(path, VERSION_2)
    expect(opening(path, 'readOnly')).toThrowCode('ERR_STORE_OLDER')
    using store = openSqliteAgentStore(path, { clock: CLOCK, mode: 'existing' })
    expect(store.runs.withoutOutcome()).toEqual([runOf(1)])
    const kept = { digest: 'd', plan: null, value: Uint8Array.of(1) }
    store.transaction(() => store.runs.keep(idOf(1), kept))
    expect(store.runs.find(idOf(1))?.kept).toEqual(kept)
    const payload = new Uint8Array(documents.job.maxBytes) // Of a job with a signed plan.
    store.transaction(() => store.runs.add(runOf(2, { payload })))
    expect(store.audit.size()).toBe(200)
  })

  it('of a database of version 2 that is damaged leaves it alone', () => {
    const path = filledFile()
    tamper(path, `${VERSION_2}; PRAGMA application_id = 1`)
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
    tamper(path, 'ALTER TABLE runs ADD COLUMN kept BLOB') // It was not added before.
  })

  it('of a file with a damaged page is refused, whichever page it is, and the file is named', () => {
    const whole = filledFile(30)
    const { size } = statSync(whole)
    for (let at = 0; at < size; at += PAGE_BYTES) {
      const path = join(makeFolder(), 'agent.db')
      copyFileSync(whole, path)
      const fd = openSync(path, 'r+')
      writeSync(fd, new Uint8Array(PAGE_BYTES).fill(0xff), 0, PAGE_BYTES, at)
      closeSync(fd)
      expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
      expect(opening(path)).toThrow(path)
    }
  })

  it('of a file that was cut short is refused', () => {
    const path = filledFile()
    truncateSync(path, statSync(path).size - PAGE_BYTES)
    expect(opening(path)).toThrowCode('ERR_STORE_CORRUPT')
  })

  it('closes the file when it is refused', () => {
    const path = filledFile()
    tamper(path, 'PRAGMA user_version = 9')
    expect(opening(path)).toThrowCode('ERR_STORE_NEWER')
    tamper(
      path,
      `PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
    )
    expect(openStore(path).audit.size()).toBe(200)
  })

  it('sets what durability and safety rest on', () => {
    using connection = new SqliteConnection(join(makeFolder(), 'agent.db'), { readOnly: false })
    const pragma = (name: string): unknown => Object.values(connection.get(`PRAGMA ${name}`)!)[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('trusted_schema')).toBe(0)
    expect(pragma('recursive_triggers')).toBe(1)
    expect(pragma('busy_timeout')).toBe(5_000)
    expect(() =>
      connection.run('PRAGMA writable_schema = ON; DELETE FROM sqlite_schema'),
    ).toThrowCode('ERR_STORE_WRITE')
  })
})

describe('a transaction', () => {
  it('returns what its function returns', () => {
    using store = openStore()
    expect(store.transaction(() => 7)).toBe(7)
    expect(store.transaction(() => null)).toBeNull()
  })

  it('that throws leaves nothing behind, and the next one works', () => {
    using store = openStore()
    const journal = journalOf(store)
    const accident = new Error('accident')
    expect(() =>
      journal.transaction(() => {
        journal.addRun(runOf(1))
        journal.audit([{ event: 'job.admitted', details: {} }], NOW_MS)
        throw accident
      }),
    ).toThrow(accident)
    expect([journal.findRun(idOf(1)), store.audit.size()]).toEqual([undefined, 0])
    journal.transaction(() => journal.audit([{ event: 'job.admitted', details: {} }], NOW_MS))
    expect(verifyAuditLog(store.audit, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 1 })
  })

  it('whose write fails leaves nothing behind and says so', () => {
    using store = openStore()
    expect(() =>
      store.transaction(() => {
        store.runs.add(runOf(1))
        store.runs.add(runOf(2, { payload: new Uint8Array(documents.job.maxBytes + 1) }))
      }),
    ).toThrowCode('ERR_STORE_WRITE')
    expect(store.runs.has(idOf(1))).toBe(false)
  })

  it('does not end before a function that is async', () => {
    using store = openStore()
    const late = (): Promise<void> => {
      store.runs.add(runOf(1))
      return Promise.resolve()
    }
    expect(() => store.transaction(late)).toThrow(TypeError)
    expect(store.runs.has(idOf(1))).toBe(false)
  })

  it('cannot be inside another', () => {
    using store = openStore()
    expect(() => store.transaction(() => store.transaction(() => 1))).toThrowCode(
      'ERR_STORE_NESTED',
    )
    expect(store.transaction(() => 1)).toBe(1)
  })

  it('is needed for every write', () => {
    using store = openStore()
    const journal = journalOf(store)
    const event = { event: 'agent.started', details: {} } as const
    for (const write of [
      () => journal.addRun(runOf(1, { state: 'refused' })),
      () => journal.audit([event], NOW_MS),
      () => journal.raiseClock(NOW_MS),
      () => journal.acknowledge(idOf(1), NOW_MS),
      () => journal.setSealed(idOf(1), '{}'),
    ]) {
      expect(write).toThrowCode('ERR_STORE_NO_TRANSACTION')
    }
  })
})

describe('reading beside a writer', () => {
  it('sees one state in a snapshot and in a file opened for reading', () => {
    using store = openStore()
    const journal = journalOf(store)
    const append = (): unknown =>
      journal.transaction(() => journal.audit([{ event: 'handle.used', details: {} }], NOW_MS))
    append()
    using reader = openSqliteAgentStore(store.path, { clock: CLOCK, mode: 'readOnly' })
    using second = openStore(store.path)
    second.snapshot(() => {
      expect(second.audit.size()).toBe(1)
      append()
      expect(second.audit.size()).toBe(1)
      expect(verifyAuditLog(second.audit, ORIGIN, KEY.publicKey).ok).toBe(true)
    })
    expect(second.audit.size()).toBe(2)
    expect(reader.audit.size()).toBe(1)
    expect(reader.snapshot(() => verifyAuditLog(reader.audit, ORIGIN, KEY.publicKey).ok)).toBe(true)
  })

  it('cannot write', () => {
    using store = openStore()
    using reader = openSqliteAgentStore(store.path, { clock: CLOCK, mode: 'readOnly' })
    expect(() => reader.transaction(() => 1)).toThrowCode('ERR_STORE_WRITE')
    expect(() => reader.runs.add(runOf(1))).toThrowCode('ERR_STORE_WRITE')
  })
})

describe('a database that others wrote to', () => {
  it('does not pass values of another type on', () => {
    const path = filledFile()
    using store = openStore(path)
    tamper(path, "INSERT OR REPLACE INTO meta (key, value) VALUES ('clock.highest', 'late')")
    expect(() => store.clock.highest()).toThrowCode('ERR_STORE_CORRUPT')
    tamper(path, "UPDATE meta SET value = 1.5 WHERE key = 'clock.highest'")
    expect(() => store.clock.highest()).toThrowCode('ERR_STORE_CORRUPT')
    tamper(path, "UPDATE meta SET value = 7 WHERE key = 'audit.frontier'")
    expect(() => store.audit.frontier()).toThrowCode('ERR_STORE_CORRUPT')
  })

  it('that lost a table cannot answer', () => {
    const path = filledFile()
    using store = openStore(path)
    tamper(path, 'DROP TABLE outbox')
    expect(() => store.outbox.pending()).toThrowCode('ERR_STORE_READ')
    expect([...store.audit.read(0, 9)]).toHaveLength(9)
  })
})
