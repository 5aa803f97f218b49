// SPDX-License-Identifier: Apache-2.0
/** The audit log in SQLite: entries and checkpoints, both append-only as far as SQL can say so. */
import {
  HASH_BYTES,
  MAX_ENTRY_BYTES,
  type AuditAppend,
  type AuditRow,
  type AuditStore,
  type CheckpointRow,
} from '../audit/index.ts'
import { bytesIn, integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'
import { readFrontier, writeFrontier } from './sqlite-meta.ts'

const MAX_NOTE_LENGTH = 16_384

/** Tables of this file. */
export const AUDIT_SCHEMA = `
  CREATE TABLE audit_entries (
    idx INTEGER PRIMARY KEY CHECK (idx >= 0),
    bytes BLOB NOT NULL CHECK (length(bytes) <= ${MAX_ENTRY_BYTES}),
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = ${HASH_BYTES})
  ) STRICT;
  CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL CHECK (length(note) <= ${MAX_NOTE_LENGTH})
  ) STRICT;
`

/** Seat belts. Trust: they stop mistakes; whoever can write the file can drop them, and the checkpoints tell. */
export const AUDIT_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS audit_entries_stand BEFORE UPDATE ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS audit_entries_stay BEFORE DELETE ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS audit_entries_have_no_gaps BEFORE INSERT ON audit_entries
  WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM audit_entries)
  BEGIN SELECT RAISE(ABORT, 'audit entries are added at the end'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_stand BEFORE UPDATE ON checkpoints
  BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_stay BEFORE DELETE ON checkpoints
  BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_rise BEFORE INSERT ON checkpoints
  WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoints)
  BEGIN SELECT RAISE(ABORT, 'checkpoints are added at the end'); END;
`

const SIZE = 'SELECT coalesce(max(idx) + 1, 0) AS size FROM audit_entries'
const READ = `
  SELECT idx, bytes, leaf_hash FROM audit_entries WHERE idx >= ? AND idx < ? ORDER BY idx
`
const LEAF_HASHES = `
  SELECT leaf_hash FROM audit_entries WHERE idx >= ? AND idx < ? ORDER BY idx
`
const CHECKPOINTS = 'SELECT size, note FROM checkpoints ORDER BY size'
const LAST_CHECKPOINT = 'SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1'
const ADD_ENTRY = 'INSERT INTO audit_entries (idx, bytes, leaf_hash) VALUES (?, ?, ?)'
const ADD_CHECKPOINT = 'INSERT INTO checkpoints (size, note) VALUES (?, ?)'

/** The audit tables, as the audit log sees them. */
export class SqliteAuditStore implements AuditStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  size(): number {
    return integerIn(this.#connection.get(SIZE)!, 'size')
  }

  /** Appends entries with their checkpoint. Called inside a transaction. */
  append({ rows, checkpoint, frontier }: AuditAppend): void {
    for (const { index, bytes, leafHash } of rows) {
      this.#connection.write(ADD_ENTRY, index, bytes, leafHash)
    }
    this.#connection.write(ADD_CHECKPOINT, checkpoint.size, checkpoint.note)
    writeFrontier(this.#connection, frontier)
  }

  *read(from: number, to: number): Generator<AuditRow, void, undefined> {
    for (const row of this.#connection.iterate(READ, from, to)) {
      const index = integerIn(row, 'idx')
      yield { index, bytes: bytesIn(row, 'bytes'), leafHash: bytesIn(row, 'leaf_hash') }
    }
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.#connection.all(LEAF_HASHES, from, to).map((row) => bytesIn(row, 'leaf_hash'))
  }

  *checkpoints(): Generator<CheckpointRow, void, undefined> {
    for (const row of this.#connection.iterate(CHECKPOINTS)) yield checkpointIn(row)
  }

  lastCheckpoint(): CheckpointRow | undefined {
    const row = this.#connection.get(LAST_CHECKPOINT)
    return row && checkpointIn(row)
  }

  frontier(): Uint8Array | undefined {
    return readFrontier(this.#connection)
  }
}

function checkpointIn(row: SqliteRow): CheckpointRow {
  return { size: integerIn(row, 'size'), note: textIn(row, 'note') }
}
