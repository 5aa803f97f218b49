// SPDX-License-Identifier: Apache-2.0
/** Bindings whose service showed another certificate than the pinned one, until they are pinned or bound anew. */
import { CodedError } from '@sallyport/sdk'
import type { BindingLockRow } from '../runner/ports.ts'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'

/** How much is held: more than an agent has bindings. */
export const BINDING_LOCK_LIMITS = { maxLocks: 8_192 } as const

/** Tables of this file. */
export const BINDING_LOCKS_SCHEMA = `
  CREATE TABLE binding_locks (
    plugin_name TEXT NOT NULL,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL CHECK (length(stamp) <= 4096),
    pinned TEXT NOT NULL CHECK (length(pinned) <= 128),
    seen TEXT NOT NULL CHECK (length(seen) <= 128),
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (plugin_name, name)
  ) STRICT, WITHOUT ROWID;
`

const COLUMNS = 'plugin_name, name, stamp, pinned, seen, since_ms'
const FIND = `SELECT ${COLUMNS} FROM binding_locks WHERE plugin_name = ? AND name = ?`
const LIST = `SELECT ${COLUMNS} FROM binding_locks ORDER BY plugin_name, name`
const COUNT = 'SELECT count(*) AS row_count FROM binding_locks'
const PUT = `INSERT OR REPLACE INTO binding_locks (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`
const LIFT = 'DELETE FROM binding_locks WHERE plugin_name = ? AND name = ?'

/** The locks. A row holds for the binding of its stamp alone: one that was bound or pinned anew is not locked by it. */
export class SqliteBindingLocks {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** The lock on a name. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  find(pluginName: string, name: string): BindingLockRow | undefined {
    const row = this.#connection.get(FIND, pluginName, name)
    return row && lockIn(row)
  }

  /** All locks, by name. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  list(): BindingLockRow[] {
    return this.#connection.all(LIST).map(lockIn)
  }

  /** Locks a name; the newest lock stands. Called inside a transaction. Throws: ERR_STORE_FULL. */
  put({ pluginName, name, stamp, pinned, seen, sinceMs }: BindingLockRow): void {
    this.#connection.write(PUT, pluginName, name, stamp, pinned, seen, sinceMs)
    const held = integerIn(this.#connection.get(COUNT)!, 'row_count')
    if (held <= BINDING_LOCK_LIMITS.maxLocks) return
    throw new CodedError('ERR_STORE_FULL', 'the locks on bindings take more room than they may', {
      details: { held },
    })
  }

  /** Unlocks a name; says whether it was locked. Called inside a transaction. */
  lift(pluginName: string, name: string): boolean {
    return this.#connection.write(LIFT, pluginName, name) > 0
  }
}

function lockIn(row: SqliteRow): BindingLockRow {
  return {
    pluginName: textIn(row, 'plugin_name'),
    name: textIn(row, 'name'),
    stamp: textIn(row, 'stamp'),
    pinned: textIn(row, 'pinned'),
    seen: textIn(row, 'seen'),
    sinceMs: integerIn(row, 'since_ms'),
  }
}
