// SPDX-License-Identifier: Apache-2.0
/** On a real PostgreSQL: migrations that are cut off, backups from one store into the other, retention. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isCodedError } from '@sallyport/sdk'
import { Kysely, sql, type Dialect } from 'kysely'
import { BACKUP_TABLES } from '../../src/backup/backup-tables.ts'
import { makeBackup } from '../../src/backup/make-backup.ts'
import { restoreBackup } from '../../src/backup/restore-backup.ts'
import { HUB_LIMITS } from '../../src/limits.ts'
import { openDatabase, type HubDatabase } from '../../src/stores/database.ts'
import { readSteps, runMigrations } from '../../src/stores/migrations-run.ts'
import { migrations } from '../../src/stores/migrations.ts'
import { postgresDialect as anyPostgresDialect } from '../../src/stores/postgres-dialect.ts'
import { Retention } from '../../src/stores/retention.ts'
import { SeenHeads } from '../../src/stores/retention-seen-heads.ts'
import { appendToSiteLog } from '../../src/stores/site-log.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { Writes } from '../../src/stores/writes.ts'
import { eachStatement } from '../support/each-statement.ts'
import { temporaryFolder } from '../support/folder.ts'
import { fillDatabase } from '../support/full-database.ts'
import { endPostgres, freshDatabase } from '../support/postgres.ts'

afterAll(endPostgres)

const MADE_AT = Date.UTC(2026, 10, 1)
const FIRST = '0001-first'
/** Every statement is cut on SQLite; here it takes long, and the steps are the same. */
const STEP = 3
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** Why patient: a restoration has the database wait for it, on a busy machine for longer than a hub may. */
const postgresDialect = (url: string): Dialect => anyPostgresDialect(url, { standstillMs: 60_000 })

let scope: AsyncDisposableStack
let folder: string
beforeAll(async () => {
  scope = new AsyncDisposableStack()
  folder = await temporaryFolder(scope)
})
afterAll(() => scope.disposeAsync())

const opened = async (dialect: () => Dialect) =>
  scope.adopt(await openDatabase(dialect), (db) => db.destroy())

describe('a migration on PostgreSQL that is cut off', () => {
  it('leaves the old schema with its rows or the new one', async () => {
    const url = await freshDatabase()
    const observer = new Kysely<unknown>({ dialect: postgresDialect(url) })
    scope.defer(() => observer.destroy())
    await runMigrations(observer, { upTo: FIRST })
    await sql`insert into sites values ('site', 'home', 1)`.execute(observer)
    const old = await shapeOf(observer)
    let cuts = 0
    for (let last = 1; (await shapeOf(observer)) === old; last += STEP) {
      const dialect = () =>
        eachStatement(postgresDialect(url), async (number) => {
          if (number === last) await endOthers(observer)
          if (number >= last) throw new Error('this process is dead')
        })
      await openDatabase(dialect).then(
        (db) => db.destroy(),
        (error: unknown) => {
          if (!isCodedError(error)) throw error
          cuts += 1
        },
      )
    }
    expect(cuts * STEP).toBeGreaterThan(30)
    const other = await freshDatabase()
    const whole = await opened(() => postgresDialect(other))
    expect(await shapeOf(observer)).toBe(await shapeOf(whole))
    const { rows } = await sql`select site_id from sites`.execute(observer)
    expect(rows).toEqual([{ site_id: 'site' }])
  })

  it('is made once by hubs that start together', async () => {
    const url = await freshDatabase()
    const hubs = await Promise.all([1, 2, 3].map(() => opened(() => postgresDialect(url))))
    expect(await readSteps(hubs[0]!)).toEqual(Object.keys(migrations).toSorted())
  })

  it('is refused when a newer hub made the schema', async () => {
    const url = await freshDatabase()
    const newer = { ...migrations, '9999-newer': { up: async () => {} } }
    await (await openDatabase(() => postgresDialect(url), newer)).destroy()
    const open = openDatabase(() => postgresDialect(url))
    await expect(open).rejects.toMatchObject({ code: 'ERR_HUB_SCHEMA_NEWER' })
  })
})

describe('a backup', () => {
  it('goes from SQLite to PostgreSQL and back, row for row', async () => {
    const first = await opened(() => sqliteDialect(join(folder, 'first.db')))
    await fillDatabase(first)
    const url = await freshDatabase()
    await carry(sqliteDialect(join(folder, 'first.db')), () => postgresDialect(url), 'there')
    await carry(postgresDialect(url), () => sqliteDialect(join(folder, 'last.db')), 'back')
    const second = await opened(() => postgresDialect(url))
    const last = await opened(() => sqliteDialect(join(folder, 'last.db')))
    for (const db of [second, last]) {
      for (const table of COMPARED) {
        expect(await rowsOf(db, table)).toEqual(await rowsOf(first, table))
      }
    }
    expect(await rowsOf(last, 'epochs')).toMatchObject([{ epoch: 2 }, { epoch: 3 }])
  })

  it('is refused where a site is served, and leaves nothing of one that breaks off', async () => {
    const url = await freshDatabase()
    const db = await opened(() => postgresDialect(url))
    const path = join(folder, 'there.spbk')
    let count = 0
    const cut = () =>
      eachStatement(postgresDialect(url), (number) => {
        count = number
        return number === 60 ? endOthers(db) : undefined
      })
    const from = { path, nowMs: MADE_AT, randomBytes }
    await expect(restoreBackup(cut, from)).rejects.toMatchObject({ code: 'ERR_HUB_DATABASE' })
    expect(count).toBeGreaterThanOrEqual(60)
    expect(await rowsOf(db, 'sites')).toEqual([])
    await restoreBackup(() => postgresDialect(url), from)
    const again = restoreBackup(() => postgresDialect(url), from)
    await expect(again).rejects.toMatchObject({ code: 'ERR_HUB_NOT_EMPTY' })
  })
})

it('sweeps as on SQLite', async () => {
  const url = await freshDatabase()
  const db = await opened(() => postgresDialect(url))
  await fillDatabase(db)
  const writes = new Writes(db)
  const event = { event: 'site.root', version: 1, digest: 'x' } as const
  await db.transaction().execute(async (open) => {
    for (let n = 0; n < 50; n += 1) await appendToSiteLog(open, 'site-1', event, MADE_AT)
  })
  const limits = { ...HUB_LIMITS, donePerSite: 5, siteLogEntries: 10 }
  const seenHeads = new SeenHeads(writes)
  seenHeads.note({ siteId: 'site-1', keyId: 'key', shown: 3, answered: 7 })
  const clock = { now: () => MADE_AT }
  const retention = new Retention({ clock, limits, log: SILENT, db, writes, seenHeads })
  expect(await retention.sweep()).toEqual({
    envelopes: 15,
    codes: 0,
    postings: 1,
    siteLogEntries: 40,
  })
  expect(await retention.sweep()).toMatchObject({ envelopes: 0, siteLogEntries: 0 })
})

/** Tables that a restore leaves as they were. */
const COMPARED = Object.entries(BACKUP_TABLES).flatMap(([table, kept]) =>
  kept === undefined || ['epochs', 'site_log', 'site_log_nodes'].includes(table)
    ? []
    : [table as keyof typeof BACKUP_TABLES],
)

async function carry(from: Dialect, to: () => Dialect, name: string): Promise<void> {
  const path = join(folder, `${name}.spbk`)
  await makeBackup(from, { path, nowMs: MADE_AT, hubVersion: '0.1.0' })
  await restoreBackup(to, { path, nowMs: MADE_AT, randomBytes })
}

async function rowsOf(db: HubDatabase, table: keyof typeof BACKUP_TABLES): Promise<unknown[]> {
  const rows = (await db.selectFrom(table).selectAll().execute()) as Record<string, unknown>[]
  const plain = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ]),
    ),
  )
  return plain.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** Tables, columns and steps as one text. Why not by introspection: it takes longer than the migration. */
async function shapeOf<Tables>(db: Kysely<Tables>): Promise<string> {
  const columns = await sql<{ name: string }>`
    select c.relname || '.' || a.attname as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace order by 1
  `.execute(db)
  const steps = await sql<{ name: string }>`select name from kysely_migration order by 1`.execute(
    db,
  )
  return [...columns.rows, ...steps.rows].map(({ name }) => name).join('\n')
}

/** Ends every connection to this database but the one that asks: what a killed hub leaves behind. */
async function endOthers<Tables>(db: Kysely<Tables>): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
  `.execute(db)
}
