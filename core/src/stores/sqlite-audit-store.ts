// SPDX-License-Identifier: Apache-2.0
/** The audit log in SQLite: entries and checkpoints, both append-only as far as SQL can say so. */
import { dirname } from 'node:path'
import {
  HASH_BYTES,
  MAX_ENTRY_BYTES,
  type AuditAppend,
  type AuditRow,
  type CheckpointRow,
  type RotatingStore,
} from '../audit/index.ts'
import { ArchiveFolder, type ArchiveReader, type ArchiveRow } from './audit-archive.ts'
import { bytesIn, integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'
import { readFrontier, writeFrontier } from './sqlite-meta.ts'

const MAX_NOTE_LENGTH = 16_384

const ARCHIVES = `
  CREATE TABLE audit_archives (
    from_idx INTEGER PRIMARY KEY CHECK (from_idx >= 0),
    to_idx INTEGER NOT NULL CHECK (to_idx > from_idx),
    file TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
`

/** Tables of this file. */
export const AUDIT_SCHEMA = `
  ${ARCHIVES}
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

/** What makes the audit tables of version 3 those of version 4. Why dropped: they are made anew at each start, if missing. */
export const AUDIT_FROM_VERSION_3 = `
  ${ARCHIVES}
  DROP TRIGGER IF EXISTS audit_entries_stand;
  DROP TRIGGER IF EXISTS checkpoints_stay;
`

/** Seat belts. Trust: they stop mistakes; whoever can write the file can drop them, and the checkpoints tell. */
export const AUDIT_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS audit_entries_stand BEFORE UPDATE ON audit_entries
  WHEN NEW.idx <> OLD.idx OR NEW.leaf_hash <> OLD.leaf_hash OR length(NEW.bytes) > 0 OR NOT EXISTS
    (SELECT 1 FROM audit_archives WHERE from_idx <= OLD.idx AND to_idx > OLD.idx)
  BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS audit_entries_stay BEFORE DELETE ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS audit_entries_have_no_gaps BEFORE INSERT ON audit_entries
  WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM audit_entries)
  BEGIN SELECT RAISE(ABORT, 'audit entries are added at the end'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_stand BEFORE UPDATE ON checkpoints
  BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_stay BEFORE DELETE ON checkpoints
  WHEN OLD.size >= (SELECT coalesce(max(to_idx), 0) FROM audit_archives)
  BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS audit_archives_stand BEFORE UPDATE ON audit_archives
  BEGIN SELECT RAISE(ABORT, 'archives are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS audit_archives_stay BEFORE DELETE ON audit_archives
  BEGIN SELECT RAISE(ABORT, 'archives are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS checkpoints_rise BEFORE INSERT ON checkpoints
  WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoints)
  BEGIN SELECT RAISE(ABORT, 'checkpoints are added at the end'); END;
`

const SIZE = 'SELECT coalesce(max(idx) + 1, 0) AS size FROM audit_entries'
const READ = `
  SELECT idx, bytes, leaf_hash FROM audit_entries WHERE idx >= ? AND idx < ? ORDER BY idx
`
const NEXT = 'SELECT idx FROM audit_entries WHERE idx >= ? ORDER BY idx LIMIT 1'
const LEAF_HASHES = `
  SELECT leaf_hash FROM audit_entries WHERE idx >= ? AND idx < ? ORDER BY idx
`
const CHECKPOINTS = `
  SELECT size, note FROM checkpoints
  WHERE size >= coalesce((SELECT size FROM checkpoints ORDER BY size DESC LIMIT 1 OFFSET ?), 0)
  ORDER BY size
`
const CHECKPOINT_COUNT = 'SELECT count(*) AS held FROM checkpoints'
const ARCHIVED_TO = 'SELECT coalesce(max(to_idx), 0) AS archived FROM audit_archives'
const ARCHIVES_IN = `
  SELECT from_idx, to_idx, file, digest FROM audit_archives WHERE to_idx > ? AND from_idx < ?
  ORDER BY from_idx
`
const ADD_ARCHIVE = `
  INSERT INTO audit_archives (from_idx, to_idx, file, digest) VALUES (?, ?, ?, ?)
`
const DROP_BYTES = `UPDATE audit_entries SET bytes = x'' WHERE idx >= ? AND idx < ?`
/** Why not the last of an epoch: it says where that ended. */
const DROP_CHECKPOINTS = `
  DELETE FROM checkpoints WHERE size < ? AND size NOT IN (
    SELECT max(size) FROM checkpoints, epochs WHERE size <= from_size GROUP BY number
  )
`
const LAST_CHECKPOINT = 'SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1'
const ADD_ENTRY = 'INSERT INTO audit_entries (idx, bytes, leaf_hash) VALUES (?, ?, ?)'
const ADD_CHECKPOINT = 'INSERT INTO checkpoints (size, note) VALUES (?, ?)'

/** Rows of one reading. Why not one by one: a step of SQLite costs more than a row. */
const BATCH_ROWS = 1_024

/** The audit tables, as the audit log sees them. Archives lie in a folder beside the database. */
export class SqliteAuditStore implements RotatingStore {
  readonly #connection: SqliteConnection
  readonly #files: ArchiveFolder

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#files = new ArchiveFolder(dirname(connection.path))
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
    const archived = this.#files.reader(() => this.#archivesIn(from, to))
    for (let at = from; at < to;) {
      const rows = this.#connection.all(READ, at, Math.min(to, at + BATCH_ROWS))
      if (rows.length === 0) {
        const next = this.#connection.get(NEXT, at)
        if (next === undefined || integerIn(next, 'idx') >= to) return
        at = integerIn(next, 'idx')
      }
      for (const row of rows) {
        at = integerIn(row, 'idx') + 1
        yield rowIn(row, archived)
      }
    }
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.#connection.all(LEAF_HASHES, from, to).map((row) => bytesIn(row, 'leaf_hash'))
  }

  *checkpoints(newest?: number): Generator<CheckpointRow, void, undefined> {
    const skipped = newest === undefined ? ALL : Math.max(0, newest - 1)
    for (const row of this.#connection.iterate(CHECKPOINTS, skipped)) yield checkpointIn(row)
  }

  checkpointCount(): number {
    return integerIn(this.#connection.get(CHECKPOINT_COUNT)!, 'held')
  }

  lastCheckpoint(): CheckpointRow | undefined {
    const row = this.#connection.get(LAST_CHECKPOINT)
    return row && checkpointIn(row)
  }

  frontier(): Uint8Array | undefined {
    return readFrontier(this.#connection)
  }

  archivedTo(): number {
    return integerIn(this.#connection.get(ARCHIVED_TO)!, 'archived')
  }

  writeArchive(rows: readonly AuditRow[]): { file: string; digest: string } {
    return this.#files.write(rows)
  }

  dropArchived(
    { from, to }: { readonly from: number; readonly to: number },
    { file, digest }: { readonly file: string; readonly digest: string },
  ): void {
    this.#connection.write(ADD_ARCHIVE, from, to, file, digest)
    this.#connection.write(DROP_BYTES, from, to)
    this.#connection.write(DROP_CHECKPOINTS, to)
  }

  /** Takes away what a crash left half done in the folder of archives; names of the files. */
  tidyArchives(): string[] {
    return this.#files.tidy(this.#archivesIn(0, Number.MAX_SAFE_INTEGER).map(({ file }) => file))
  }

  #archivesIn(from: number, to: number): ArchiveRow[] {
    return this.#connection.all(ARCHIVES_IN, from, to).map((row) => ({
      from: integerIn(row, 'from_idx'),
      to: integerIn(row, 'to_idx'),
      file: textIn(row, 'file'),
      digest: textIn(row, 'digest'),
    }))
  }
}

/** An offset that no checkpoint is beyond. */
const ALL = Number.MAX_SAFE_INTEGER

function rowIn(row: SqliteRow, archived: ArchiveReader): AuditRow {
  const index = integerIn(row, 'idx')
  const [bytes, leafHash] = [bytesIn(row, 'bytes'), bytesIn(row, 'leaf_hash')]
  if (bytes.byteLength > 0) return { index, bytes, leafHash }
  return { index, leafHash, ...archived.entry(index) }
}

function checkpointIn(row: SqliteRow): CheckpointRow {
  return { size: integerIn(row, 'size'), note: textIn(row, 'note') }
}
