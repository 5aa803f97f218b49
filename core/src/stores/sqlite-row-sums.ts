// SPDX-License-Identifier: Apache-2.0
/** One digest over all rows of a table that decides something: a byte that changed by itself is found out before anything rests on it. */
import { CodedError } from '@sallyport/sdk'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { SUM_BYTES } from './sqlite-sum-functions.ts'

/** Tables of this file: one row for each table that is guarded. */
export const ROW_SUMS_SCHEMA = `
  CREATE TABLE row_sums (
    place TEXT PRIMARY KEY,
    sum BLOB NOT NULL CHECK (length(sum) = ${SUM_BYTES})
  ) STRICT, WITHOUT ROWID;
`

/** Why not the log and the bundles: they have hashes that are signed. */
const GUARDED = [
  'approvals',
  'audit_archives',
  'binding_locks',
  'cancellations',
  'due_runs',
  'epochs',
  'isolation',
  'meta',
  'outbox',
  'policies',
  'quarantine',
  'revocations',
  'runs',
  'schedule_orders',
  'schedules',
  'trust_roots',
  'witness',
] as const

/** Columns that are left out. Why: whoever reads them verifies them, and a plugin whose approval is damaged stops no other. */
const UNGUARDED_COLUMNS: readonly string[] = ['envelope', 'signed', 'sealed']

/** Keeps the sums up to date for as long as this connection is open. */
export function keepRowSums(connection: SqliteConnection): void {
  for (const table of GUARDED) {
    const [gone, come] = [rowIn(connection, table, 'OLD.'), rowIn(connection, table, 'NEW.')]
    const sum = (...rows: string[]): string =>
      `UPDATE row_sums SET sum = sum_with(sum, ${rows.join(', ')}) WHERE place = '${table}';`
    connection.run(`
      CREATE TEMP TRIGGER ${table}_come AFTER INSERT ON main.${table} BEGIN ${sum(come)} END;
      CREATE TEMP TRIGGER ${table}_go AFTER DELETE ON main.${table} BEGIN ${sum(gone)} END;
      CREATE TEMP TRIGGER ${table}_change AFTER UPDATE ON main.${table} BEGIN ${sum(gone, come)} END;
    `)
  }
}

/** Sums what is there. Called inside a transaction. */
export function fillRowSums(connection: SqliteConnection): void {
  for (const table of GUARDED) {
    const sum = `SELECT '${table}', sum_of_rows(${rowIn(connection, table)}) FROM ${table}`
    connection.write(`INSERT INTO row_sums (place, sum) ${sum}`)
  }
}

/**
 * Holds the rows of every guarded table against their sum.
 *
 * Trust: against media that lie, not against people: whoever can write the file can write sums. Against those stand the
 * signed heads of the log, and the hub that witnessed them.
 * Throws: ERR_STORE_CORRUPT, which names the file and the table.
 */
export function checkRowSums(connection: SqliteConnection): void {
  const table = GUARDED.find((each) => !areRowsWhole(connection, each))
  if (table === undefined) return
  const { path } = connection
  const why = `table ${table} is not what was written to it`
  const remedy = 'Keep a copy of the file, then restore it or enrol the agent anew.'
  throw new CodedError('ERR_STORE_CORRUPT', `${path} is damaged: ${why}. ${remedy}`, {
    details: { path, table },
  })
}

function areRowsWhole(connection: SqliteConnection, table: string): boolean {
  const now = `SELECT sum_of_rows(${rowIn(connection, table)}) FROM ${table}`
  const noted = `SELECT count(*) AS held FROM row_sums WHERE place = '${table}' AND sum = (${now})`
  return integerIn(connection.get(noted)!, 'held') === 1
}

/** The expression for all that is guarded of a row. */
function rowIn(connection: SqliteConnection, table: string, prefix = ''): string {
  const columns = connection.all(`PRAGMA table_info(${table})`).map((row) => textIn(row, 'name'))
  const guarded = columns.filter((name) => !UNGUARDED_COLUMNS.includes(name))
  return guarded.map((name) => `quote(${prefix}${name})`).join(` || ',' || `)
}
