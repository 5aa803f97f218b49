// SPDX-License-Identifier: Apache-2.0
/** The database: migrated wholly or not at all, durable, and worked in by one hub. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startHub } from '@sallyport/hub'
import { BACKUP_TABLES } from '../../src/backup/backup-tables.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { migrations } from '../../src/stores/migrations.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { TestSite, temporaryFolder } from '../support/site.ts'

describe('the database of the hub', () => {
  let scope: AsyncDisposableStack
  let file: string
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    file = join(await temporaryFolder(scope), 'hub.db')
  })
  afterEach(() => scope.disposeAsync())

  const tables = () => {
    using db = new DatabaseSync(file)
    const rows = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    return rows.map((row) => String(row['name'])).filter((name) => !name.startsWith('kysely_'))
  }

  it('is made with all its tables and opened again as it is', async () => {
    await (await openDatabase(() => sqliteDialect(file))).destroy()
    const made = tables().toSorted()
    expect(made).toEqual(Object.keys(BACKUP_TABLES).toSorted())
    await (await openDatabase(() => sqliteDialect(file))).destroy()
    expect(tables().toSorted()).toEqual(made)
  })

  it('waits for the disk at every commit', async () => {
    const db = await openDatabase(() => sqliteDialect(file))
    const { rows } = await db.executeQuery<Record<string, unknown>>({
      sql: 'PRAGMA synchronous',
      parameters: [],
      query: { kind: 'RawNode', sqlFragments: [], parameters: [] },
      queryId: { queryId: 'test' },
    })
    expect(rows).toEqual([{ synchronous: 2 }])
    await db.destroy()
  })

  it('has nothing of a migration that broke off', async () => {
    const broken = { ...migrations }
    const { up } = broken['0001-first']!
    broken['0001-first'] = {
      async up(db) {
        await up(db)
        throw new Error('pulled the plug')
      },
    }
    const open = openDatabase(() => sqliteDialect(file), broken)
    await expect(open).rejects.toMatchObject({ code: 'ERR_HUB_DATABASE' })
    expect(tables()).toEqual([])
    await (await openDatabase(() => sqliteDialect(file))).destroy()
    expect(tables()).toHaveLength(Object.keys(BACKUP_TABLES).length)
  })

  it('is refused when a newer hub made it', async () => {
    const newer = { ...migrations, '9999-newer': { up: async () => {} } }
    await (await openDatabase(() => sqliteDialect(file), newer)).destroy()
    const open = openDatabase(() => sqliteDialect(file))
    await expect(open).rejects.toMatchObject({ code: 'ERR_HUB_SCHEMA_NEWER' })
  })

  it('is refused when it is no database', async () => {
    const { writeFile } = await import('node:fs/promises')
    await writeFile(file, 'x'.repeat(10_000))
    const open = openDatabase(() => sqliteDialect(file))
    await expect(open).rejects.toMatchObject({ code: 'ERR_HUB_DATABASE' })
  })

  it('is worked in by one hub at a time', async () => {
    await using site = await TestSite.open()
    await expect(startHub(site.config)).rejects.toMatchObject({ code: 'ERR_STATE_LOCKED' })
    await site.stop()
    await site.start()
  })
})
