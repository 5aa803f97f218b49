// SPDX-License-Identifier: Apache-2.0
/** Signed answers on their way to the hub, and the newest of those it holds already. */
import { CodedError } from '@sallyport/sdk'
import { encodeJson, parseJson } from '../protocol/index.ts'
import type { OutboxRow } from '../runner/ports.ts'
import { bytesIn, integerIn, integerOrNullIn, textIn, textOrNullIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'

const MIB = 1_024 * 1_024

/** How much the outbox holds. */
export const OUTBOX_LIMITS = {
  maxSignedBytes: 4 * MIB,
  maxSealedBytes: 8 * MIB,
  /** Answers the hub does not hold; beyond, nothing more is taken on. */
  maxPendingRows: 4_096,
  maxPendingBytes: 64 * MIB,
  /** Answers the hub does hold; beyond, the oldest are forgotten. */
  maxKeptRows: 10_000,
  maxKeptBytes: 256 * MIB,
} as const

const MAX_READERS_BYTES = 4_096
/** Forgetting costs a look at all that is kept, so it is done once in so many acknowledgements. */
const TRIM_EVERY = 64

/** Tables of this file. */
export const OUTBOX_SCHEMA = `
  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope_id TEXT NOT NULL UNIQUE,
    job_id TEXT,
    signed BLOB NOT NULL CHECK (length(signed) <= ${OUTBOX_LIMITS.maxSignedBytes}),
    readers TEXT NOT NULL CHECK (length(readers) <= ${MAX_READERS_BYTES}),
    sealed TEXT CHECK (length(sealed) <= ${OUTBOX_LIMITS.maxSealedBytes}),
    byte_count INTEGER NOT NULL,
    acknowledged_at_ms INTEGER
  ) STRICT;
  CREATE INDEX outbox_pending ON outbox (byte_count) WHERE acknowledged_at_ms IS NULL;
  CREATE INDEX outbox_sizes ON outbox (sequence, byte_count, acknowledged_at_ms);
`

const FIND = 'SELECT * FROM outbox WHERE envelope_id = ?'
const PENDING = 'SELECT * FROM outbox WHERE acknowledged_at_ms IS NULL ORDER BY sequence'
const PENDING_SIZE = `
  SELECT count(*) AS row_count, coalesce(sum(byte_count), 0) AS byte_count
  FROM outbox INDEXED BY outbox_pending WHERE acknowledged_at_ms IS NULL
`
const PUT = `
  INSERT INTO outbox
    (envelope_id, job_id, signed, readers, sealed, byte_count, acknowledged_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (envelope_id) DO NOTHING
`
const SET_SEALED = `
  UPDATE outbox SET sealed = ?, byte_count = byte_count + ? WHERE envelope_id = ? AND sealed IS NULL
`
const ACKNOWLEDGE = `
  UPDATE outbox SET acknowledged_at_ms = ? WHERE envelope_id = ? AND acknowledged_at_ms IS NULL
  RETURNING sequence, job_id
`
const TRIM = `
  DELETE FROM outbox WHERE sequence IN (
    SELECT sequence FROM (
      SELECT sequence, row_number() OVER newest AS row_count, sum(byte_count) OVER newest AS bytes
      FROM outbox INDEXED BY outbox_sizes WHERE acknowledged_at_ms IS NOT NULL
      WINDOW newest AS (ORDER BY sequence DESC)
    ) WHERE row_count > ? OR bytes > ?
  )
`

/** The outbox table, as the journal sees it. */
export class SqliteOutbox {
  readonly #connection: SqliteConnection
  readonly #limits: OutboxLimits

  constructor(connection: SqliteConnection, limits: OutboxLimits = OUTBOX_LIMITS) {
    this.#connection = connection
    this.#limits = limits
  }

  find(envelopeId: string): OutboxRow | undefined {
    const row = this.#connection.get(FIND, envelopeId)
    return row && answerIn(row)
  }

  /** Answers the hub does not hold, oldest first. */
  pending(): OutboxRow[] {
    return this.#connection.all(PENDING).map(answerIn)
  }

  /** Keeps an answer; the first answer to an envelope stands. */
  put(answer: OutboxRow): void {
    const { envelopeId, jobId, signed, sealed, acknowledgedAtMs } = answer
    const readers = new TextDecoder().decode(encodeJson(answer.readers))
    const byteCount = signed.byteLength + (sealed?.length ?? 0)
    const values = [envelopeId, jobId, signed, readers, sealed, byteCount, acknowledgedAtMs]
    this.#connection.write(PUT, ...values)
  }

  /** Throws: ERR_STORE_FULL when there is no room for so many more answers. */
  expectRoom(moreRows: number): void {
    const pending = this.#connection.get(PENDING_SIZE)!
    const rows = integerIn(pending, 'row_count') + moreRows
    const bytes = integerIn(pending, 'byte_count')
    const { maxPendingRows, maxPendingBytes } = this.#limits
    if (rows <= maxPendingRows && bytes <= maxPendingBytes) return
    throw new CodedError('ERR_STORE_FULL', 'too many answers wait for the hub', {
      details: { rows, bytes },
    })
  }

  /** Keeps the sealed form; the first one stands, because it may have been sent. */
  setSealed(envelopeId: string, sealed: string): void {
    this.#connection.write(SET_SEALED, sealed, sealed.length, envelopeId)
  }

  /** Notes the first acknowledgement; returns the job it was for, if it was for one and is the first. */
  acknowledge(envelopeId: string, atMs: number): string | null {
    const row = this.#connection.writeReturning(ACKNOWLEDGE, atMs, envelopeId)
    if (row === undefined) return null
    if (integerIn(row, 'sequence') % TRIM_EVERY === 0) this.trim()
    return textOrNullIn(row, 'job_id')
  }

  /** Forgets the oldest answers that the hub holds and that are too many. */
  trim(): void {
    this.#connection.write(TRIM, this.#limits.maxKeptRows, this.#limits.maxKeptBytes)
  }
}

/** The limits that are counted, not checked by the schema. */
export type OutboxLimits = Readonly<
  Record<'maxPendingRows' | 'maxPendingBytes' | 'maxKeptRows' | 'maxKeptBytes', number>
>

function answerIn(row: SqliteRow): OutboxRow {
  const readers = new TextEncoder().encode(textIn(row, 'readers'))
  return {
    envelopeId: textIn(row, 'envelope_id'),
    jobId: textOrNullIn(row, 'job_id'),
    signed: bytesIn(row, 'signed'),
    readers: parseJson(readers, MAX_READERS_BYTES) as string[],
    sealed: textOrNullIn(row, 'sealed'),
    acknowledgedAtMs: integerOrNullIn(row, 'acknowledged_at_ms'),
  }
}
