// SPDX-License-Identifier: Apache-2.0
/** The lines of a backup, read within one transaction, so that they are of one moment whatever the hub does meanwhile. */
import { encodeJson, instantOf } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import { createHash } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { expectKnown, readSteps } from '../stores/migrations-run.ts'
import { cellOf, type BackupHead } from './backup-form.ts'
import { BACKUP_TABLES, type KeptTable } from './backup-tables.ts'

/** Tables whose columns are known when the program runs. */
export type AnyTables = Record<string, Record<string, unknown>>

/** Rows of a backup by their table. */
export type RowCounts = Readonly<Record<string, number>>

/**
 * Reads all lines, each with its line feed.
 *
 * Throws: ERR_HUB_SCHEMA_NEWER, ERR_HUB_DATABASE when there is no schema.
 */
export async function* readSnapshot(
  db: Kysely<AnyTables>,
  made: { nowMs: number; hubVersion: string; onCounted: (counts: RowCounts) => void },
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256')
  const line = (value: unknown) => {
    const bytes = Buffer.concat([encodeJson(value), LINE_FEED])
    hash.update(bytes)
    return bytes
  }
  yield line(await headOf(db, made))
  const counts: Record<string, number> = {}
  for (const [table, kept] of await tablesOf(db)) {
    let columns: string[] | undefined
    for await (const rows of pages(db, table, kept)) {
      columns ??= Object.keys(rows[0]!)
      if (counts[table] === undefined) yield line({ table, columns })
      counts[table] = (counts[table] ?? 0) + rows.length
      for (const row of rows) yield line(columns.map((name) => cellOf(row[name])))
    }
  }
  const rowCount = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const digest = `sha256:${hash.digest('hex')}`
  yield Buffer.concat([encodeJson({ end: { rowCount, digest } }), LINE_FEED])
  made.onCounted(counts)
}

const LINE_FEED = Buffer.from('\n')

async function headOf(
  db: Kysely<AnyTables>,
  { nowMs, hubVersion }: { nowMs: number; hubVersion: string },
): Promise<BackupHead> {
  const steps = await readSteps(db)
  if (steps.length === 0) {
    throw new CodedError('ERR_HUB_DATABASE', 'there is no database of a hub to back up')
  }
  expectKnown(steps)
  return { format: 'sallyport-hub-backup-1', madeAt: instantOf(nowMs), hubVersion, steps }
}

/** Why those that are there: before an upgrade the schema is older than this program. */
async function tablesOf(db: Kysely<AnyTables>): Promise<[string, KeptTable][]> {
  const there = new Set((await db.introspection.getTables()).map(({ name }) => name))
  return Object.entries(BACKUP_TABLES).flatMap(([table, kept]) =>
    kept !== undefined && there.has(table) ? [[table, kept] as [string, KeptTable]] : [],
  )
}

async function* pages(
  db: Kysely<AnyTables>,
  table: string,
  { key, pageRows }: KeptTable,
): AsyncGenerator<Record<string, unknown>[]> {
  const columns = sql.join(key.map((name) => sql.ref(name)))
  for (let last: Record<string, unknown> | undefined; ;) {
    let query = db.selectFrom(table).selectAll().limit(pageRows)
    for (const name of key) query = query.orderBy(name)
    if (last !== undefined) {
      const values = sql.join(key.map((name) => last?.[name]))
      query = query.where(sql<boolean>`(${columns}) > (${values})`)
    }
    const rows = await query.execute()
    if (rows.length > 0) yield rows
    if (rows.length < pageRows) return
    last = rows.at(-1)
  }
}
