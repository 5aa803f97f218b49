// SPDX-License-Identifier: Apache-2.0
/** The runs an agent has taken, one row per job id, for ever: the truth about replays. */
import { CodedError, STEP_LIMITS } from '@sallyport/sdk'
import { documents } from '../protocol/index.ts'
import type { RateStore, ReplayStore } from '../admission/ports.ts'
import type { KeptRow, RunRow } from '../runner/ports.ts'
import { bytesIn, bytesOrNullIn, integerIn, integerOrNullIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts'

/** Size of the signed payload of one run; the limit of a job document. */
const MAX_PAYLOAD_BYTES = documents.job.maxBytes

/** Size of a kept plan. Why more than a plan may have now: older ones had more. */
const MAX_KEPT_PLAN_BYTES = 65_536

const KEPT_COLUMNS = [
  `kept BLOB CHECK (length(kept) <= ${STEP_LIMITS.maxKeptBytes})`,
  `kept_plan BLOB CHECK (length(kept_plan) <= ${MAX_KEPT_PLAN_BYTES})`,
  'kept_digest TEXT',
]

/** What makes the tables of version 2 those of version 3. */
export const RUNS_FROM_VERSION_2 = KEPT_COLUMNS.map(
  (column) => `ALTER TABLE runs ADD COLUMN ${column};`,
).join('\n')

const COLUMNS = `
    job_id TEXT PRIMARY KEY,
    envelope_id TEXT NOT NULL,
    job_type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'finished', 'refused')),
    payload BLOB NOT NULL CHECK (length(payload) <= ${MAX_PAYLOAD_BYTES}),
    received_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER,
    acknowledged_at_ms INTEGER,
    ${KEPT_COLUMNS.join(',\n    ')}
`
const INDEXES = `
  CREATE INDEX runs_by_type ON runs (job_type, received_at_ms);
  CREATE INDEX runs_without_outcome ON runs (received_at_ms) WHERE state = 'intent';
`

/** Tables of this file. */
export const RUNS_SCHEMA = `CREATE TABLE runs (${COLUMNS}) STRICT; ${INDEXES}`

/** What makes the table of version 3 that of version 4: a job with a signed plan has a larger payload. */
export const RUNS_FROM_VERSION_3 = `
  ALTER TABLE runs RENAME TO runs_of_version_3;
  CREATE TABLE runs (${COLUMNS}) STRICT;
  INSERT INTO runs SELECT * FROM runs_of_version_3;
  DROP TABLE runs_of_version_3;
  ${INDEXES}
`

/** Seat belts: an id stays spent, and an outcome stands. */
export const RUNS_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS runs_stay BEFORE DELETE ON runs
  BEGIN SELECT RAISE(ABORT, 'runs are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS runs_keep_their_id BEFORE UPDATE OF job_id ON runs
  BEGIN SELECT RAISE(ABORT, 'a run keeps its job id'); END;
  CREATE TRIGGER IF NOT EXISTS runs_end_once BEFORE UPDATE OF state ON runs
  WHEN OLD.state <> 'intent' BEGIN SELECT RAISE(ABORT, 'a run ends once'); END;
`

const EXISTS = 'SELECT 1 FROM runs WHERE job_id = ?'
const FIND = 'SELECT * FROM runs WHERE job_id = ?'
const WITHOUT_OUTCOME = `SELECT * FROM runs WHERE state = 'intent' ORDER BY received_at_ms, rowid`
const COUNT_WITHOUT_OUTCOME = `SELECT count(*) AS open FROM runs WHERE state = 'intent'`
const COUNT = `
  SELECT count(*) AS admitted FROM runs
  WHERE job_type = ? AND received_at_ms >= ? AND state <> 'refused'
`
const ADD = `
  INSERT INTO runs
    (job_id, envelope_id, job_type, state, payload, received_at_ms, acknowledged_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id) DO NOTHING
`
const FINISH = `
  UPDATE runs SET state = 'finished', finished_at_ms = ? WHERE job_id = ? AND state = 'intent'
`
const KEEP = `
  UPDATE runs SET kept = ?, kept_plan = ?, kept_digest = ? WHERE job_id = ? AND state = 'intent'
`
const ACKNOWLEDGE = `
  UPDATE runs
  SET acknowledged_at_ms = ?, payload = x'', kept = NULL, kept_plan = NULL, kept_digest = NULL
  WHERE job_id = ? AND envelope_id = ? AND acknowledged_at_ms IS NULL AND state <> 'intent'
`

/** The runs table, as the journal, the replay check and the rate check see it. */
export class SqliteRunStore implements ReplayStore, RateStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Whether this job id was ever taken. */
  has(jobId: string): boolean {
    return this.#connection.get(EXISTS, jobId) !== undefined
  }

  /** How many runs of a job type were admitted since an instant. Units: epoch milliseconds. */
  admittedSince(jobType: string, sinceMs: number): number {
    return integerIn(this.#connection.get(COUNT, jobType, sinceMs)!, 'admitted')
  }

  find(jobId: string): RunRow | undefined {
    const row = this.#connection.get(FIND, jobId)
    return row && runIn(row)
  }

  /** Runs whose intent is on record and whose outcome is not, oldest first. */
  withoutOutcome(): RunRow[] {
    return this.#connection.all(WITHOUT_OUTCOME).map(runIn)
  }

  /** How many of those there are. */
  withoutOutcomeCount(): number {
    return integerIn(this.#connection.get(COUNT_WITHOUT_OUTCOME)!, 'open')
  }

  /** Throws: ERR_STORE_CONFLICT when the job id was taken before: one id has one effect at most. */
  add(run: Omit<RunRow, 'kept'>): void {
    const { jobId, envelopeId, jobType, state, payload, receivedAtMs, acknowledgedAtMs } = run
    const values = [jobId, envelopeId, jobType, state, payload, receivedAtMs, acknowledgedAtMs]
    if (this.#connection.write(ADD, ...values) !== 1) {
      throw new CodedError('ERR_STORE_CONFLICT', `job ${jobId} was taken before`)
    }
  }

  /** Replaces what a run kept. Throws: ERR_STORE_CONFLICT when there is no such run or it has ended. */
  keep(jobId: string, { value, plan, digest }: KeptRow): void {
    if (this.#connection.write(KEEP, value, plan, digest, jobId) !== 1) {
      throw new CodedError('ERR_STORE_CONFLICT', `job ${jobId} is not running`)
    }
  }

  /** Throws: ERR_STORE_CONFLICT when there is no such run or it has ended before. */
  finish(jobId: string, finishedAtMs: number): void {
    if (this.#connection.write(FINISH, finishedAtMs, jobId) !== 1) {
      throw new CodedError('ERR_STORE_CONFLICT', `job ${jobId} is not running`)
    }
  }

  /**
   * Notes that the hub holds the answer of an ended run, if this envelope is the one it came in.
   *
   * Why: its payload and what it kept serve recovery only, which is over then, so they are dropped.
   */
  acknowledge(jobId: string, envelopeId: string, atMs: number): void {
    this.#connection.write(ACKNOWLEDGE, atMs, jobId, envelopeId)
  }
}

function runIn(row: SqliteRow): RunRow {
  return {
    jobId: textIn(row, 'job_id'),
    envelopeId: textIn(row, 'envelope_id'),
    jobType: textIn(row, 'job_type'),
    state: textIn(row, 'state') as RunRow['state'],
    payload: bytesIn(row, 'payload'),
    receivedAtMs: integerIn(row, 'received_at_ms'),
    acknowledgedAtMs: integerOrNullIn(row, 'acknowledged_at_ms'),
    kept: keptIn(row),
  }
}

function keptIn(row: SqliteRow): KeptRow | null {
  const value = bytesOrNullIn(row, 'kept')
  if (value === null) return null
  return { value, plan: bytesOrNullIn(row, 'kept_plan'), digest: textIn(row, 'kept_digest') }
}
