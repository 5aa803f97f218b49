// SPDX-License-Identifier: Apache-2.0
/** One SQLite connection: statements by their text, writes only inside a transaction, errors with this project's codes. */
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from 'node:sqlite'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { addSumFunctions } from './sqlite-sum-functions.ts'

/** One row of an answer, by column name. */
export type SqliteRow = Record<string, SQLOutputValue>

/** Time to wait for another process that writes. */
const BUSY_TIMEOUT_MS = 5_000
/** The write-ahead log is cut back to this size once its content is in the database. */
const MAX_IDLE_LOG_BYTES = 16 * 1_024 * 1_024

/** SQLite result codes of a damaged file. Source: SQLite C interface, "Result Codes". */
const DAMAGE_CODES = new Set([11, 26])

/**
 * A connection in WAL mode whose commits are on disk when they return.
 *
 * Throws (all methods): ERR_STORE_CORRUPT when the file is damaged, ERR_STORE_READ, ERR_STORE_WRITE.
 */
export class SqliteConnection implements Disposable {
  readonly path: string
  readonly #isReadOnly: boolean
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** With `readOnly` one state is seen to the end, whatever others write. Throws: ERR_STORE_OPEN, ERR_STORE_CORRUPT. */
  constructor(path: string, options: { readOnly: boolean }) {
    this.path = path
    this.#isReadOnly = options.readOnly
    this.#database = this.#guard('ERR_STORE_OPEN', () => {
      const { readOnly } = options
      return new DatabaseSync(path, { readOnly, defensive: true, timeout: BUSY_TIMEOUT_MS })
    })
    this.#guard('ERR_STORE_OPEN', () => this.#configure(options.readOnly))
  }

  /** The first row, if there is one. */
  get(sql: string, ...values: SQLInputValue[]): SqliteRow | undefined {
    return this.#guard('ERR_STORE_READ', () => this.#prepare(sql).get(...values))
  }

  /** All rows. */
  all(sql: string, ...values: SQLInputValue[]): SqliteRow[] {
    return this.#guard('ERR_STORE_READ', () => this.#prepare(sql).all(...values))
  }

  /** The rows one by one. Why: a statement of its own, so that two walks over one table do not disturb each other. */
  *iterate(sql: string, ...values: SQLInputValue[]): Generator<SqliteRow, void, undefined> {
    const rows = this.#guard('ERR_STORE_READ', () => this.#database.prepare(sql).iterate(...values))
    try {
      for (let next = this.#next(rows); next.done !== true; next = this.#next(rows))
        yield next.value
    } finally {
      rows.return?.()
    }
  }

  /** Changes rows and returns how many. Throws: ERR_STORE_NO_TRANSACTION outside `transaction`. */
  write(sql: string, ...values: SQLInputValue[]): number {
    this.#expectTransaction()
    return this.#guard('ERR_STORE_WRITE', () => Number(this.#prepare(sql).run(...values).changes))
  }

  /** Changes at most one row and returns what the statement says of it. Throws: as `write`. */
  writeReturning(sql: string, ...values: SQLInputValue[]): SqliteRow | undefined {
    this.#expectTransaction()
    return this.#guard('ERR_STORE_WRITE', () => this.#prepare(sql).get(...values))
  }

  /** Runs a script of fixed statements. */
  run(script: string): void {
    this.#guard('ERR_STORE_WRITE', () => this.#database.exec(script))
  }

  /**
   * Runs `write` in one transaction. When this returns, all of it is on disk; when it throws, none of it is there.
   *
   * Throws: ERR_STORE_NESTED within another transaction, ERR_STORE_WRITE, what `write` throws.
   */
  transaction<T>(write: () => T): T {
    if (this.#isReadOnly) throw new CodedError('ERR_STORE_WRITE', `${this.path} is open to be read`)
    return this.#within('BEGIN IMMEDIATE', write)
  }

  /** Runs `read` on one state of the database, whatever others write meanwhile. */
  snapshot<T>(read: () => T): T {
    return this.#isReadOnly ? read() : this.#within('BEGIN', read)
  }

  /** Ends the connection. */
  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Why: a write on its own would be a commit on its own, and the audit log would miss it. */
  #expectTransaction(): void {
    if (this.#database.isTransaction) return
    throw new CodedError('ERR_STORE_NO_TRANSACTION', 'a write needs a transaction around it')
  }

  #within<T>(begin: string, work: () => T): T {
    if (this.#database.isTransaction) {
      throw new CodedError('ERR_STORE_NESTED', 'one transaction cannot hold another')
    }
    this.run(begin)
    try {
      const made = work()
      if (isThenable(made)) {
        throw new TypeError('a transaction ends with its function, which must not be async')
      }
      this.run('COMMIT')
      return made
    } catch (error) {
      if (this.#database.isTransaction) this.run('ROLLBACK')
      throw error
    }
  }

  #configure(readOnly: boolean): void {
    addSumFunctions(this.#database)
    this.#database.exec(`
      PRAGMA temp_store = MEMORY;
      PRAGMA trusted_schema = OFF;
      PRAGMA recursive_triggers = ON;
      PRAGMA cell_size_check = ON;
      PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES};
      PRAGMA synchronous = FULL;
    `)
    if (readOnly) return this.#database.exec('BEGIN')
    const mode = this.#database.prepare('PRAGMA journal_mode = WAL').get()
    if (mode?.['journal_mode'] !== 'wal') throw new CodedError('ERR_STORE_OPEN', 'no WAL mode here')
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #next(rows: Iterator<SqliteRow>): IteratorResult<SqliteRow> {
    return this.#guard('ERR_STORE_READ', () => rows.next())
  }

  #guard<T>(code: string, work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (!isSqliteError(cause)) throw cause
      const isDamaged = DAMAGE_CODES.has(cause.errcode % 256)
      throw new CodedError(
        isDamaged ? 'ERR_STORE_CORRUPT' : code,
        `${this.path}: ${cause.message}`,
        { details: { path: this.path, sqlite: cause.errcode }, cause },
      )
    }
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}

function isSqliteError(error: unknown): error is { errcode: number; message: string } {
  return isCodedError(error) && 'errcode' in error && typeof error.errcode === 'number'
}
