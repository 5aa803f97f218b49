// SPDX-License-Identifier: Apache-2.0
/** Single values: the high-water time and the frontier of the audit log. */
import type { HighWaterClock } from '../admission/ports.ts'
import { bytesIn, integerIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Tables of this file. */
export const META_SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
`

const READ = 'SELECT value FROM meta WHERE key = ?'
const WRITE = `
  INSERT INTO meta (key, value) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value
`
const RAISE = `
  INSERT INTO meta (key, value) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE excluded.value > value
`
const FRONTIER = 'audit.frontier'
const HIGHEST = 'clock.highest'

/** Reads the frontier of the audit log. */
export function readFrontier(connection: SqliteConnection): Uint8Array | undefined {
  const row = connection.get(READ, FRONTIER)
  return row && bytesIn(row, 'value')
}

/** Replaces the frontier of the audit log. */
export function writeFrontier(connection: SqliteConnection, frontier: Uint8Array): void {
  connection.write(WRITE, FRONTIER, frontier)
}

/** A clock that remembers, over restarts, the highest time it was raised to. */
export class SqliteHighWaterClock implements HighWaterClock {
  readonly #connection: SqliteConnection
  readonly #clock: Pick<HighWaterClock, 'now'>

  constructor(connection: SqliteConnection, clock: Pick<HighWaterClock, 'now'>) {
    this.#connection = connection
    this.#clock = clock
  }

  /** The time by the clock of this machine. */
  now(): number {
    return this.#clock.now()
  }

  /** The highest time on record; 0 when there is none. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  highest(): number {
    const row = this.#connection.get(READ, HIGHEST)
    return row === undefined ? 0 : integerIn(row, 'value')
  }

  /** Raises the time on record; a lower one changes nothing. Called inside a transaction. Throws: RangeError. */
  raise(nowMs: number): void {
    if (!Number.isSafeInteger(nowMs)) throw new RangeError(`${nowMs} is not an instant`)
    this.#connection.write(RAISE, HIGHEST, nowMs)
  }
}
