// SPDX-License-Identifier: Apache-2.0
/** Kysely over node:sqlite. Everything that is true of SQLite alone stands in this file. */
import {
  SqliteAdapter,
  SqliteDialect,
  type Dialect,
  type SqliteDatabase,
  type SqliteStatement,
} from 'kysely'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { StoreAdapter } from './locks.ts'

/** Statements that are kept prepared. */
const MAX_STATEMENTS = 256
/** Time to wait for another process that writes. */
const BUSY_TIMEOUT_MS = 5_000

/** Durable at commit: write-ahead log, synced each time. */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
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
}

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = statements.get(sql)
      if (known !== undefined) return known
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      const statement = adaptStatement(database.prepare(sql))
      statements.set(sql, statement)
      return statement
    },
  }
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (values) => statement.all(...(values as SQLInputValue[])),
    run: (values) => statement.run(...(values as SQLInputValue[])),
    iterate: (values) => statement.iterate(...(values as SQLInputValue[])),
  }
}
