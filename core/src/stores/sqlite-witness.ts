// SPDX-License-Identifier: Apache-2.0
/** What the hub witnessed of this agent's log, what the agent witnessed of the hub's, and the epochs of its memory. */
import type { EpochRow, WitnessRow, WitnessStore } from '../audit/index.ts'
import { bytesOrNullIn, integerIn, integerOrNullIn, textOrNullIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const MAX_NOTE_LENGTH = 4_096
const MAX_WHY_LENGTH = 512

/** Tables of this file; the first has one row at most. */
export const WITNESS_SCHEMA = `
  CREATE TABLE witness (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    witnessed_at_ms INTEGER,
    segments_to INTEGER NOT NULL CHECK (segments_to >= 0),
    hub_key BLOB CHECK (length(hub_key) = 32),
    hub_note TEXT CHECK (length(hub_note) <= ${MAX_NOTE_LENGTH}),
    doubt TEXT CHECK (length(doubt) <= ${MAX_WHY_LENGTH}),
    doubted_since_ms INTEGER,
    fork_note TEXT CHECK (length(fork_note) <= ${MAX_NOTE_LENGTH})
  ) STRICT;
  CREATE TABLE epochs (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    since_ms INTEGER NOT NULL,
    from_size INTEGER NOT NULL CHECK (from_size >= 0)
  ) STRICT;
`

/** Seat belt: an epoch that began has begun. */
export const WITNESS_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS epochs_stay BEFORE DELETE ON epochs
  BEGIN SELECT RAISE(ABORT, 'epochs are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS epochs_rise BEFORE INSERT ON epochs
  WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM epochs)
  BEGIN SELECT RAISE(ABORT, 'epochs only rise'); END;
`

const READ = 'SELECT * FROM witness WHERE one = 1'
const PUT = `
  INSERT OR REPLACE INTO witness (one, size, epoch, witnessed_at_ms, segments_to, hub_key, hub_note,
    doubt, doubted_since_ms, fork_note)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
`
const LAST_EPOCH = 'SELECT number, since_ms, from_size FROM epochs ORDER BY number DESC LIMIT 1'
const BEGIN_EPOCH = 'INSERT INTO epochs (number, since_ms, from_size) VALUES (?, ?, ?)'

/** Before anything was witnessed. */
const NOTHING: WitnessRow = {
  size: 0,
  epoch: 0,
  witnessedAtMs: null,
  segmentsTo: 0,
  hubKey: null,
  hubNote: null,
  doubt: null,
  doubtedSinceMs: null,
  forkNote: null,
}

/** The state of the witnessing. */
export class SqliteWitnessStore implements WitnessStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  read(): WitnessRow {
    const row = this.#connection.get(READ)
    if (row === undefined) return NOTHING
    return {
      size: integerIn(row, 'size'),
      epoch: integerIn(row, 'epoch'),
      witnessedAtMs: integerOrNullIn(row, 'witnessed_at_ms'),
      segmentsTo: integerIn(row, 'segments_to'),
      hubKey: bytesOrNullIn(row, 'hub_key'),
      hubNote: textOrNullIn(row, 'hub_note'),
      doubt: textOrNullIn(row, 'doubt'),
      doubtedSinceMs: integerOrNullIn(row, 'doubted_since_ms'),
      forkNote: textOrNullIn(row, 'fork_note'),
    }
  }

  /** Called inside a transaction. */
  write(row: WitnessRow): void {
    const { size, epoch, witnessedAtMs, segmentsTo, hubKey, hubNote } = row
    const doubt = row.doubt?.slice(0, MAX_WHY_LENGTH) ?? null
    const judged = [doubt, row.doubtedSinceMs, row.forkNote]
    this.#connection.write(PUT, size, epoch, witnessedAtMs, segmentsTo, hubKey, hubNote, ...judged)
  }

  /** The epoch that began last; undefined in the first. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  epoch(): EpochRow | undefined {
    const row = this.#connection.get(LAST_EPOCH)
    return (
      row && {
        number: integerIn(row, 'number'),
        sinceMs: integerIn(row, 'since_ms'),
        fromSize: integerIn(row, 'from_size'),
      }
    )
  }

  /** Called inside a transaction. */
  beginEpoch({ number, sinceMs, fromSize }: EpochRow): void {
    this.#connection.write(BEGIN_EPOCH, number, sinceMs, fromSize)
  }
}
