// SPDX-License-Identifier: Apache-2.0
/** The schedules an agent holds, what operators ordered about them, and the runs whose reports the hub does not hold yet. */
import { CodedError } from '@sallyport/sdk'
import { epochMs, type Schedule, type ScheduleOrder } from '../protocol/index.ts'
import type { DueRunRow, PendingReports, ScheduleBook, ScheduleRow } from '../runner/ports.ts'
import type { RefusedTimes } from '../runner/ports.ts'
import { bytesIn, integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'

const MAX_ENVELOPE_BYTES = 131_072
const DAY_MS = 86_400_000

/** How much is held. */
export const SCHEDULE_LIMITS = {
  maxSchedules: 256,
  maxOrders: 4_096,
  /** Why so long after its end: a clock that jumped ahead must not cost the schedules. */
  keptAfterExpiryMs: 30 * DAY_MS,
  /** Longer than a schedule may be valid, so that one that was removed cannot come back. */
  ordersKeptMs: 500 * DAY_MS,
} as const

/** Tables of this file. `handled_ms` is the last due time that was decided on. */
export const SCHEDULES_SCHEMA = `
  CREATE TABLE schedules (
    schedule_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    handled_ms INTEGER NOT NULL,
    withheld_count INTEGER NOT NULL DEFAULT 0,
    refused_reason TEXT,
    refused_at_ms INTEGER NOT NULL DEFAULT 0,
    refused_count INTEGER NOT NULL DEFAULT 0,
    envelope BLOB NOT NULL CHECK (length(envelope) <= ${MAX_ENVELOPE_BYTES})
  ) STRICT;
  CREATE TABLE schedule_orders (
    schedule_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    stands TEXT NOT NULL CHECK (stands IN ('pause', 'resume', 'remove')),
    issued_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE due_runs (
    job_id TEXT PRIMARY KEY,
    envelope_id TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    due_at_ms INTEGER NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
`

const COLUMNS = `
  schedules.schedule_id, name, expires_at_ms, handled_ms, withheld_count,
  refused_reason, refused_at_ms, refused_count,
  coalesce(stands, 'resume') AS stands
`
const LIST = `
  SELECT ${COLUMNS} FROM schedules LEFT JOIN schedule_orders USING (schedule_id)
  ORDER BY accepted_at_ms, schedules.schedule_id
`
const ENVELOPE = 'SELECT envelope FROM schedules WHERE schedule_id = ?'
const PUT = `
  INSERT INTO schedules (schedule_id, name, expires_at_ms, accepted_at_ms, handled_ms, envelope)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (schedule_id) DO NOTHING
`
const FORGET_EXPIRED = 'DELETE FROM schedules WHERE expires_at_ms < ?'
const FORGET_ORDERS = `
  DELETE FROM schedule_orders
  WHERE issued_at_ms < ? AND schedule_id NOT IN (SELECT schedule_id FROM schedules)
`
const ORDER = `
  INSERT INTO schedule_orders (schedule_id, order_id, stands, issued_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (schedule_id) DO UPDATE
  SET order_id = excluded.order_id, stands = excluded.stands, issued_at_ms = excluded.issued_at_ms
  WHERE stands <> 'remove' AND (
    excluded.stands = 'remove'
    OR (excluded.issued_at_ms, excluded.order_id) > (issued_at_ms, order_id)
  )
`
const STANDING = 'SELECT stands FROM schedule_orders WHERE schedule_id = ?'
const COUNT_ORDERS = 'SELECT count(*) AS row_count FROM schedule_orders'
const REMOVE = 'DELETE FROM schedules WHERE schedule_id = ?'
const HANDLE = 'UPDATE schedules SET handled_ms = max(handled_ms, ?) WHERE schedule_id = ?'
const WITHHOLD = 'UPDATE schedules SET withheld_count = ? WHERE schedule_id = ?'
const KEEP_REFUSED = `
  UPDATE schedules SET refused_reason = ?, refused_at_ms = ?, refused_count = ? WHERE schedule_id = ?
`
const ADD_RUN = `
  INSERT INTO due_runs (job_id, envelope_id, schedule_id, due_at_ms, digest) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (job_id) DO NOTHING
`
const FIND_RUN = 'SELECT * FROM due_runs WHERE job_id = ?'
const FORGET_RUN = 'DELETE FROM due_runs WHERE job_id = ? AND envelope_id = ?'
const PENDING = `
  SELECT count(*) AS row_count, coalesce(sum(byte_count), 0) AS byte_count
  FROM due_runs LEFT JOIN outbox USING (envelope_id)
`

/** The schedules, as the journal and the scheduler see them. */
export class SqliteScheduleStore implements ScheduleBook {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  list(): ScheduleRow[] {
    return this.#connection.all(LIST).map(scheduleIn)
  }

  envelope(scheduleId: string): Uint8Array | undefined {
    const row = this.#connection.get(ENVELOPE, scheduleId)
    return row && bytesIn(row, 'envelope')
  }

  standing(scheduleId: string): ScheduleOrder['order'] | undefined {
    const row = this.#connection.get(STANDING, scheduleId)
    return row && (textIn(row, 'stands') as ScheduleOrder['order'])
  }

  put(
    schedule: Pick<Schedule, 'scheduleId' | 'name' | 'expiresAt'>,
    envelope: Uint8Array,
    atMs: number,
  ): void {
    const { scheduleId, name, expiresAt } = schedule
    this.#connection.write(FORGET_EXPIRED, atMs - SCHEDULE_LIMITS.keptAfterExpiryMs)
    this.#connection.write(PUT, scheduleId, name, epochMs(expiresAt), atMs, atMs, envelope)
  }

  order({ scheduleId, orderId, order, issuedAt }: ScheduleOrder, atMs: number): void {
    this.#connection.write(FORGET_ORDERS, atMs - SCHEDULE_LIMITS.ordersKeptMs)
    const isChanged =
      this.#connection.write(ORDER, scheduleId, orderId, order, epochMs(issuedAt)) === 1
    if (isChanged && order === 'remove') this.#connection.write(REMOVE, scheduleId)
    if (isChanged && order === 'resume') this.handle(scheduleId, atMs)
    const held = integerIn(this.#connection.get(COUNT_ORDERS)!, 'row_count')
    if (held <= SCHEDULE_LIMITS.maxOrders) return
    throw new CodedError(
      'ERR_STORE_FULL',
      'the orders about schedules take more room than they may',
      {
        details: { held },
      },
    )
  }

  handle(scheduleId: string, dueAtMs: number): void {
    this.#connection.write(HANDLE, dueAtMs, scheduleId)
  }

  withhold(scheduleId: string, count: number): void {
    this.#connection.write(WITHHOLD, count, scheduleId)
  }

  keepRefused(scheduleId: string, refused: RefusedTimes | null): void {
    const { reason = null, recordedAtMs = 0, count = 0 } = refused ?? {}
    this.#connection.write(KEEP_REFUSED, reason, recordedAtMs, count, scheduleId)
  }

  addRun({ jobId, envelopeId, scheduleId, dueAtMs, digest }: DueRunRow): void {
    this.#connection.write(ADD_RUN, jobId, envelopeId, scheduleId, dueAtMs, digest)
  }

  findRun(jobId: string): DueRunRow | undefined {
    const row = this.#connection.get(FIND_RUN, jobId)
    return row && runIn(row)
  }

  /** The hub holds the report of this run. */
  forgetRun(jobId: string, envelopeId: string): void {
    this.#connection.write(FORGET_RUN, jobId, envelopeId)
  }

  pendingReports(): PendingReports {
    const row = this.#connection.get(PENDING)!
    return { count: integerIn(row, 'row_count'), bytes: integerIn(row, 'byte_count') }
  }
}

function scheduleIn(row: SqliteRow): ScheduleRow {
  return {
    scheduleId: textIn(row, 'schedule_id'),
    name: textIn(row, 'name'),
    expiresAtMs: integerIn(row, 'expires_at_ms'),
    handledMs: integerIn(row, 'handled_ms'),
    withheldCount: integerIn(row, 'withheld_count'),
    refused: refusedIn(row),
    isPaused: textIn(row, 'stands') === 'pause',
  }
}

function refusedIn(row: SqliteRow): RefusedTimes | null {
  if (row['refused_reason'] === null) return null
  return {
    // Trust: from one's own disk; a word that is no reason fits none, and then the refusal is put on record.
    reason: textIn(row, 'refused_reason') as RefusedTimes['reason'],
    recordedAtMs: integerIn(row, 'refused_at_ms'),
    count: integerIn(row, 'refused_count'),
  }
}

function runIn(row: SqliteRow): DueRunRow {
  return {
    jobId: textIn(row, 'job_id'),
    envelopeId: textIn(row, 'envelope_id'),
    scheduleId: textIn(row, 'schedule_id'),
    dueAtMs: integerIn(row, 'due_at_ms'),
    digest: textIn(row, 'digest'),
  }
}
