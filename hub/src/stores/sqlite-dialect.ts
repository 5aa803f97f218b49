// SPDX-License-Identifier: Apache-2.0
/** Kysely over node:sqlite. Everything that is true of SQLite alone stands in this file. */
import {
  SqliteAdapter,
  SqliteDialect,
  sql,
  type Dialect,
  type Kysely,
  type SqliteDatabase,
  type SqliteStatement,
} from 'kysely'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { StoreAdapter } from './locks.ts'

/** Statements that are kept prepared. */
const MAX_STATEMENTS = 256
/** Time to wait for another process that writes. */
const BUSY_TIMEOUT_MS = 5_000

/** The write-ahead log is cut back to this when it has been written home. */
const MAX_IDLE_LOG_BYTES = 16 * 1_024 * 1_024
const VACUUM = 'PRAGMA incremental_vacuum'
/** Pages that are given back at once: the file is locked meanwhile. */
const VACUUM_PAGES = 2_000

/** Durable at commit: write-ahead log, synced each time. */
const PRAGMAS = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES};
`

/** Makes the dialect for the database file at `path`, which it opens, and creates where it is missing. */
export function sqliteDialect(path: string): Dialect {
  const database = new DatabaseSync(path, { defensive: true, timeout: BUSY_TIMEOUT_MS })
  database.exec(PRAGMAS)
  return new NodeSqliteDialect({ database: adapt(database) })
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter()
  }
}

/** SQLite does roll back schema changes, so a migration cut short leaves nothing behind. */
class TransactionalDdlAdapter extends SqliteAdapter implements StoreAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }

  /** Nothing to wait for: one hub works in the file, and its transactions come one after the other. */
  async takeLock(): Promise<void> {}

  /** A little at a time; what is left over is taken up by the next one, or by new rows. */
  async giveSpaceBack(db: Kysely<never>): Promise<void> {
    await sql.raw(`${VACUUM}(${VACUUM_PAGES})`).execute(db)
  }
}

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = statements.get(sql)
      if (known !== undefined) return known
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      const statement = adaptStatement(database.prepare(sql), sql)
      statements.set(sql, statement)
      return statement
    },
  }
}

/** Why a vacuum counts as one that reads: it answers without columns, and `run` would stop at its first page. */
function adaptStatement(statement: StatementSync, sql: string): SqliteStatement {
  return {
    reader: statement.columns().length > 0 || sql.startsWith(VACUUM),
    all: (values) => statement.all(...(values as SQLInputValue[])),
    run: (values) => statement.run(...(values as SQLInputValue[])),
    iterate: (values) => statement.iterate(...(values as SQLInputValue[])),
  }
}
