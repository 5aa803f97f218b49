// SPDX-License-Identifier: Apache-2.0
/** Backups: of one moment, whole or refused, into an empty database only, and nothing comes back that must not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { parseConfirmCode, redeemHashOf } from '@sallyport/core/crypto'
import { BACKUP_TABLES } from '../../src/backup/backup-tables.ts'
import { makeBackup } from '../../src/backup/make-backup.ts'
import { restoreBackup } from '../../src/backup/restore-backup.ts'
import { openDatabase, type HubDatabase } from '../../src/stores/database.ts'
import type { MigrationSteps } from '../../src/stores/migrations-run.ts'
import { migrations } from '../../src/stores/migrations.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { temporaryFolder } from '../support/folder.ts'
import { fillDatabase } from '../support/full-database.ts'

const MADE_AT = Date.UTC(2026, 10, 1)
const NOW = Date.UTC(2026, 10, 2)

let scope: AsyncDisposableStack
let folder: string
let full: HubDatabase
let backup: string
let summary: Awaited<ReturnType<typeof makeBackup>>
beforeAll(async () => {
  scope = new AsyncDisposableStack()
  folder = await temporaryFolder(scope)
  full = scope.adopt(await open('full.db'), (db) => db.destroy())
  await fillDatabase(full)
  await fillDatabase(full, 'site-2')
  backup = join(folder, 'backup.spbk')
  summary = await makeBackup(sqliteDialect(join(folder, 'full.db')), made(backup))
})
afterAll(() => scope.disposeAsync())

const open = (name: string) => openDatabase(() => sqliteDialect(join(folder, name)))
const made = (path: string) => ({ path, nowMs: MADE_AT, hubVersion: '0.1.0' })
const restore = (path: string, name: string) =>
  restoreBackup(() => sqliteDialect(join(folder, name)), { path, nowMs: NOW, randomBytes })

/** All rows of a table in the order of its key. */
const rowsOf = (db: HubDatabase, table: keyof typeof BACKUP_TABLES) =>
  (BACKUP_TABLES[table]?.key ?? []).reduce(
    (query, name) => query.orderBy(name as never),
    db.selectFrom(table).selectAll(),
  )

describe('a backup', () => {
  it('says what is in it, and is for its owner alone', () => {
    expect(summary).toMatchObject({
      madeAt: '2026-11-01T00:00:00.000Z',
      siteCount: 2,
      agentCount: 2,
    })
    expect(summary.byteCount).toBe(statSync(backup).size)
    expect(statSync(backup).mode & 0o777).toBe(0o600)
  })

  it('has every row of what it keeps, after a restore too', async () => {
    const { rowCount } = await restore(backup, 'again.db')
    expect(rowCount).toBe(summary.rowCount)
    const db = scope.adopt(await open('again.db'), (each) => each.destroy())
    const changed = ['epochs', 'site_log', 'site_log_nodes']
    for (const [table, kept] of Object.entries(BACKUP_TABLES)) {
      if (kept === undefined || changed.includes(table)) continue
      const name = table as keyof typeof BACKUP_TABLES
      const [left, right] = [rowsOf(full, name), rowsOf(db, name)]
      expect(await right.execute()).toEqual(await left.execute())
    }
  })

  it('has no codes and no keys of sessions', async () => {
    const text = gunzipSync(readFileSync(backup)).toString()
    expect(text).toContain('"people"')
    for (const secret of ['"codes"', 'hash-site-1', '"hub_keys"', '"session_keys"', '"once"']) {
      expect(text).not.toContain(secret)
    }
    const db = scope.adopt(await open('again.db'), (each) => each.destroy())
    expect(await rowsOf(db, 'codes').execute()).toEqual([])
  })

  it('is of one moment while the hub writes on', async () => {
    const db = scope.adopt(await open('busy.db'), (each) => each.destroy())
    await fillDatabase(db)
    const path = join(folder, 'busy.spbk')
    let isMade = false
    const making = makeBackup(sqliteDialect(join(folder, 'busy.db')), made(path)).finally(
      () => (isMade = true),
    )
    // An agent and what belongs to it, again and again: half of a pair in the backup could not be restored.
    for (let n = 0; n < 12 && !isMade; n += 1) {
      await fillDatabase(db, `late-${n}`)
      await nextTurn()
    }
    const { siteCount, agentCount } = await making
    expect(agentCount).toBe(siteCount)
    expect((await restore(path, 'busy-again.db')).sites).toHaveLength(siteCount)
  })

  it('replaces nothing, and leaves no half of itself', async () => {
    const again = makeBackup(sqliteDialect(join(folder, 'full.db')), made(backup))
    await expect(again).rejects.toMatchObject({ code: 'EEXIST' })
    expect(statSync(backup).size).toBe(summary.byteCount)
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('is not made of what is no database of a hub', async () => {
    const path = join(folder, 'none.spbk')
    const none = makeBackup(sqliteDialect(join(folder, 'none.db')), made(path))
    await expect(none).rejects.toMatchObject({ code: 'ERR_HUB_DATABASE' })
    expect(await readdir(folder)).not.toContain('none.spbk')
  })

  it('of a newer hub is refused', async () => {
    const path = join(folder, 'newer.spbk')
    const text = gunzipSync(readFileSync(backup)).toString()
    writeFileSync(path, gzipSync(text.replace('"steps":[', '"steps":["9999-newer",')))
    await expect(restore(path, 'newer.db')).rejects.toMatchObject({ code: 'ERR_HUB_SCHEMA_NEWER' })
  })
})

describe('a restore', () => {
  it('begins an epoch at every site, with a code each', async () => {
    const { sites } = await restore(backup, 'epochs.db')
    expect(sites.map(({ siteId }) => siteId)).toEqual(['site-1', 'site-2'])
    expect(sites[0]).toMatchObject({ epoch: 2, rootVersion: 3, agentCount: 1 })
    expect(new Set(sites.map(({ confirmCode }) => confirmCode)).size).toBe(2)
    const db = scope.adopt(await open('epochs.db'), (each) => each.destroy())
    const [row] = await rowsOf(db, 'epochs').execute()
    expect(row).toMatchObject({ site_id: 'site-1', epoch: 2, begun_at: NOW, backup_at: MADE_AT })
    expect(row).toMatchObject({ confirmed_at: null })
    const token = parseConfirmCode(sites[0]!.confirmCode.toLowerCase().replaceAll('-', ' '))
    expect(row?.confirm_hash).toBe(redeemHashOf(token))
  })

  it('of a restored hub begins the next one', async () => {
    const path = join(folder, 'second.spbk')
    await restore(backup, 'first.db')
    await makeBackup(sqliteDialect(join(folder, 'first.db')), made(path))
    const { sites } = await restore(path, 'second.db')
    expect(sites.map(({ epoch }) => epoch)).toEqual([3, 3])
  })

  it('goes into a database whose hub has never served a site', async () => {
    await (await open('unused.db')).destroy()
    await restore(backup, 'unused.db')
  })

  it('is refused where a site is served', async () => {
    const before = await rowsOf(full, 'envelopes').execute()
    await expect(restore(backup, 'full.db')).rejects.toMatchObject({ code: 'ERR_HUB_NOT_EMPTY' })
    expect(await rowsOf(full, 'envelopes').execute()).toEqual(before)
  })

  it('brings a backup of an older schema up to date', async () => {
    const later: MigrationSteps = {
      ...migrations,
      '9999-later': {
        async up(db) {
          await sql`alter table envelopes add column later text`.execute(db)
          await sql`update envelopes set later = envelope_id`.execute(db)
        },
      },
    }
    const dialect = () => sqliteDialect(join(folder, 'later.db'))
    await restoreBackup(dialect, { path: backup, nowMs: NOW, randomBytes, steps: later })
    const db = await openDatabase(dialect, later)
    scope.defer(() => db.destroy())
    const { rows } = await sql<{ later: string }>`select later from envelopes`.execute(db)
    expect(rows).toHaveLength(80)
    expect(rows[0]?.later).toMatch(/^job-/)
  })

  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['cut off', (bytes) => bytes.subarray(0, -20)],
    ['cut off in the middle', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => gzipSync('')],
    ['no gzip', (bytes) => gunzipSync(bytes)],
    ['without its end', (bytes) => relined(bytes, (lines) => lines.slice(0, -2))],
    ['with a row more', (bytes) => relined(bytes, (lines) => lines.toSpliced(2, 0, lines[2]!))],
    ['with a row less', (bytes) => relined(bytes, (lines) => lines.toSpliced(2, 1))],
    [
      'changed',
      (bytes) => relined(bytes, (lines) => lines.map((l) => l.replace('ops-1', 'ops-2'))),
    ],
    ['followed by more', (bytes) => relined(bytes, (lines) => [...lines.slice(0, -1), '[1]', ''])],
  ]
  it.each(damages)('of a file that is %s changes nothing', async (name, damage) => {
    const path = join(folder, `${name}.spbk`)
    writeFileSync(path, damage(readFileSync(backup)))
    await expect(restore(path, `${name}.db`)).rejects.toMatchObject({ code: 'ERR_HUB_BACKUP' })
    expect(await readdir(folder)).not.toContain(`${name}.db`)
  })
})

function relined(bytes: Buffer, change: (lines: string[]) => string[]): Buffer {
  return gzipSync(change(gunzipSync(bytes).toString().split('\n')).join('\n'))
}
