// SPDX-License-Identifier: Apache-2.0
/** Jobs that shall not run, by whose word, for ever. */
import { CodedError } from '@sallyport/sdk'
import type { CancellationStore } from '../admission/ports.ts'
import type { CancellationRow } from '../runner/ports.ts'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const MAX_WHY_LENGTH = 512

/** How much is held. Why no age: a job may be held back for as long as it is valid, and its row is small. */
export const CANCELLATION_LIMITS = { maxCancellations: 65_536 } as const

/** Tables of this file. `only_of` is empty where an operator signed, else the one key whose jobs it counts for. */
export const CANCELLATIONS_SCHEMA = `
  CREATE TABLE cancellations (
    job_id TEXT NOT NULL,
    only_of TEXT NOT NULL,
    cancellation_id TEXT NOT NULL,
    why TEXT NOT NULL CHECK (length(why) <= ${MAX_WHY_LENGTH}),
    accepted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, only_of)
  ) STRICT, WITHOUT ROWID;
`

/** Seat belts: what was cancelled stays so. */
export const CANCELLATIONS_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS cancellations_stay BEFORE DELETE ON cancellations
  BEGIN SELECT RAISE(ABORT, 'cancellations are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS cancellations_stand BEFORE UPDATE ON cancellations
  BEGIN SELECT RAISE(ABORT, 'cancellations are never changed'); END;
`

const FIND = `
  SELECT why FROM cancellations WHERE job_id = ? AND only_of IN ('', ?) ORDER BY only_of LIMIT 1
`
const COUNT = 'SELECT count(*) AS row_count FROM cancellations'
const PUT = `
  INSERT INTO cancellations (job_id, only_of, cancellation_id, why, accepted_at_ms)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (job_id, only_of) DO NOTHING
`

/** The cancellations, as admission and the journal see them. */
export class SqliteCancellationStore implements CancellationStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** What counts for a job that this key wants. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  find(jobId: string, requestedBy: string): { readonly why: string } | undefined {
    const row = this.#connection.get(FIND, jobId, requestedBy)
    return row && { why: textIn(row, 'why') }
  }

  /** Keeps a cancellation; the first of a job stands. Called inside a transaction. Throws: ERR_STORE_FULL. */
  put({ cancellationId, jobId, why, onlyOf }: CancellationRow, atMs: number): void {
    for (const key of onlyOf.length === 0 ? [''] : onlyOf) {
      this.#connection.write(PUT, jobId, key, cancellationId, why, atMs)
    }
    const held = integerIn(this.#connection.get(COUNT)!, 'row_count')
    if (held <= CANCELLATION_LIMITS.maxCancellations) return
    throw new CodedError('ERR_STORE_FULL', 'the cancellations take more room than they may', {
      details: { held },
    })
  }
}
