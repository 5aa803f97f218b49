// SPDX-License-Identifier: Apache-2.0
/** Trust roots and policies in SQLite: every version that was taken, for ever. */
import type { AuthorityStore, HeldPolicy } from '../admission/index.ts'
import { bytesIn, integerIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Tables of this file. */
export const AUTHORITY_SCHEMA = `
  CREATE TABLE trust_roots (
    version INTEGER PRIMARY KEY CHECK (version > 1),
    envelope BLOB NOT NULL,
    taken_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE policies (
    version INTEGER PRIMARY KEY CHECK (version > 0),
    root_version INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    taken_at INTEGER NOT NULL
  ) STRICT;
`

/** Seat belts: a version that was taken is never another one later. */
export const AUTHORITY_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS trust_roots_stand BEFORE UPDATE ON trust_roots
  BEGIN SELECT RAISE(ABORT, 'a trust root is never changed'); END;
  CREATE TRIGGER IF NOT EXISTS trust_roots_stay BEFORE DELETE ON trust_roots
  BEGIN SELECT RAISE(ABORT, 'a trust root is never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS policies_stand BEFORE UPDATE ON policies
  BEGIN SELECT RAISE(ABORT, 'a policy is never changed'); END;
`

const ROOTS = 'SELECT envelope FROM trust_roots ORDER BY version'
const NEWEST_POLICY = 'SELECT envelope, root_version FROM policies ORDER BY version DESC LIMIT 1'
const REVISION = `
  SELECT (SELECT coalesce(max(version), 0) FROM trust_roots) AS root,
         (SELECT coalesce(max(version), 0) FROM policies) AS policy
`
const ADD_ROOT = 'INSERT INTO trust_roots (version, envelope, taken_at) VALUES (?, ?, ?)'
const ADD_POLICY =
  'INSERT INTO policies (version, root_version, envelope, taken_at) VALUES (?, ?, ?, ?)'

/** The largest version that either document may have, plus one. */
const VERSIONS = 1_000_001

/** Roots and policies of an agent. */
export class SqliteAuthority implements AuthorityStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  roots(): Uint8Array[] {
    return this.#connection.all(ROOTS).map((row) => bytesIn(row, 'envelope'))
  }

  policy(): HeldPolicy | undefined {
    const row = this.#connection.get(NEWEST_POLICY)
    if (row === undefined) return undefined
    return { envelope: bytesIn(row, 'envelope'), rootVersion: integerIn(row, 'root_version') }
  }

  revision(): number {
    const row = this.#connection.get(REVISION)!
    return integerIn(row, 'root') * VERSIONS + integerIn(row, 'policy')
  }

  /** Keeps a root after the anchor. Called inside a transaction. */
  addRoot(version: number, envelope: Uint8Array, atMs: number): void {
    this.#connection.write(ADD_ROOT, version, envelope, atMs)
  }

  /** Keeps a policy. Called inside a transaction. */
  addPolicy(version: number, held: HeldPolicy, atMs: number): void {
    this.#connection.write(ADD_POLICY, version, held.rootVersion, held.envelope, atMs)
  }
}
