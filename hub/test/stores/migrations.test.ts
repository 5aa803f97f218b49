// SPDX-License-Identifier: Apache-2.0
/** Migrations that are cut off: at every statement what is left is the old schema or the new one, and the next start ends it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { openDatabase } from '../../src/stores/database.ts'
import { runMigrations } from '../../src/stores/migrations-run.ts'
import { migrations } from '../../src/stores/migrations.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { eachStatement } from '../support/each-statement.ts'
import { temporaryFolder } from '../support/folder.ts'

const FIRST = '0001-first'

let scope: AsyncDisposableStack
let folder: string
beforeAll(async () => {
  scope = new AsyncDisposableStack()
  folder = await temporaryFolder(scope)
})
afterAll(() => scope.disposeAsync())

describe('a migration on SQLite that is cut off', () => {
  it('leaves an empty database empty or whole, at every statement, and is resumed', async () => {
    const images = await imagesOf(join(folder, 'empty.db'))
    expect(images.length).toBeGreaterThan(30)
    const left = await Promise.all(images.map((file) => resumed(file)))
    expect(new Set(left.map(({ before }) => before))).toEqual(new Set([NOTHING]))
    expect(new Set(left.map(({ after }) => after)).size).toBe(1)
  })

  it('leaves an older database as it was or whole, with its rows, and is resumed', async () => {
    const file = join(folder, 'older.db')
    await makeOlder(file)
    const old = shapeOf(file)
    const images = await imagesOf(file)
    const left = await Promise.all(images.map((each) => resumed(each)))
    expect(new Set(left.map(({ before }) => before))).toEqual(new Set([old]))
    expect(new Set(left.map(({ after }) => after))).toEqual(new Set([shapeOf(file)]))
    for (const image of images) expect(rowsOf(image)).toEqual(OLD_ROWS)
  })

  it('is the same when the process is killed', async () => {
    const whole = join(folder, 'whole.db')
    await makeOlder(whole)
    const count = (await imagesOf(whole)).length
    for (const last of [12, count]) {
      const file = join(folder, `killed-${last}.db`)
      await makeOlder(file)
      const old = shapeOf(file)
      const script = new URL('../support/dying-migration.ts', import.meta.url).pathname
      const { signal } = spawnSync(
        process.execPath,
        ['--conditions=@sallyport/source', script, file, String(last)],
        { env: {}, timeout: 60_000 },
      )
      expect(signal).toBe('SIGKILL')
      expect([old, shapeOf(whole)]).toContain(shapeOf(file))
      await (await openDatabase(() => sqliteDialect(file))).destroy()
      expect(shapeOf(file)).toBe(shapeOf(whole))
      expect(rowsOf(file)).toEqual(OLD_ROWS)
    }
  })

  it('is seen by this test when it is not one transaction', async () => {
    const file = join(folder, 'torn.db')
    const up = migrations[FIRST]!.up
    const images = await imagesOf(file, (db) => up(db))
    const shapes = new Set(images.map((each) => shapeOf(each)))
    expect(shapes.size).toBeGreaterThan(2)
  })
})

describe('a schema that a newer hub made', () => {
  it('is refused with what it has and what to do', async () => {
    const file = join(folder, 'newer.db')
    const newer = { ...migrations, '9999-newer': { up: async () => {} } }
    await (await openDatabase(() => sqliteDialect(file), newer)).destroy()
    const before = shapeOf(file)
    await expect(openDatabase(() => sqliteDialect(file))).rejects.toMatchObject({
      code: 'ERR_HUB_SCHEMA_NEWER',
      message: expect.stringContaining('9999-newer'),
    })
    expect(shapeOf(file)).toBe(before)
  })
})

const NOTHING = '[]'
const OLD_ROWS = [{ site_id: 'site', agent_id: 'pve1', sealed: 'sealed job' }]

/** What lies on the disk before each statement of a migration: what a kill there would leave. */
async function imagesOf(
  file: string,
  migrate?: (db: Kysely<unknown>) => Promise<void>,
): Promise<string[]> {
  const images: string[] = []
  const copies = `${file}.images`
  mkdirSync(copies)
  const dialect = () =>
    eachStatement(sqliteDialect(file), (number) => {
      const image = join(copies, `${number}.db`)
      for (const suffix of ['', '-wal']) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, image + suffix)
      }
      images.push(image)
    })
  if (migrate === undefined) await (await openDatabase(dialect)).destroy()
  else {
    const db = new Kysely<unknown>({ dialect: dialect() })
    await migrate(db)
    await db.destroy()
  }
  return images
}

/** The schema before and after the next start. */
async function resumed(file: string): Promise<{ before: string; after: string }> {
  const before = shapeOf(file)
  await (await openDatabase(() => sqliteDialect(file))).destroy()
  return { before, after: shapeOf(file) }
}

/** A database of the first version, with rows. */
async function makeOlder(file: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: sqliteDialect(file) })
  await runMigrations(db, { upTo: FIRST })
  await db.destroy()
  using open = new DatabaseSync(file)
  open.exec(`
    INSERT INTO sites VALUES ('site', 'home', 1);
    INSERT INTO agents VALUES ('site', 'pve1', 'key', 'signing', NULL, 1, NULL);
    INSERT INTO envelopes VALUES ('site', 'job', 'pve1', 'sealed job', 'queued', 1, 2, NULL, NULL, 0, 0);
  `)
}

function rowsOf(file: string): unknown[] {
  using open = new DatabaseSync(file)
  return open
    .prepare('SELECT site_id, agent_id, sealed FROM envelopes')
    .all()
    .map((row) => ({ ...row }))
}

/** Tables, columns, indices and the steps taken, as one text. */
function shapeOf(file: string): string {
  using open = new DatabaseSync(file)
  const parts = open
    .prepare("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'kysely%' AND sql IS NOT NULL")
    .all()
  const hasSteps = open.prepare("SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'").get()
  const steps = hasSteps
    ? open.prepare('SELECT name FROM kysely_migration ORDER BY name').all()
    : []
  return JSON.stringify([...parts.map(({ sql }) => sql).toSorted(), ...steps])
}
