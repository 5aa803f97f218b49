// SPDX-License-Identifier: Apache-2.0
/** The one database of an agent: journal, outbox, approvals and audit log, so that one commit can hold them all together. */
import { closeSync, lstatSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '@sallyport/sdk'
import type { HighWaterClock } from '../admission/ports.ts'
import { syncDirectory } from './durable-file.ts'
import { SqliteApprovalStore } from './sqlite-approvals.ts'
import { SqliteAuditStore } from './sqlite-audit-store.ts'
import { SqliteAuthority } from './sqlite-authority.ts'
import { SqliteBindingLocks } from './sqlite-binding-locks.ts'
import { SqliteCancellationStore } from './sqlite-cancellations.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { SqliteHighWaterClock } from './sqlite-meta.ts'
import { SqliteOutbox } from './sqlite-outbox.ts'
import { SqliteQuarantineStore } from './sqlite-quarantine.ts'
import { SqliteRevocationStore } from './sqlite-revocations.ts'
import { SqliteRunStore } from './sqlite-runs.ts'
import { SqliteScheduleStore } from './sqlite-schedules.ts'
import { checkRowSums, keepRowSums } from './sqlite-row-sums.ts'
import { checkContent, checkSchema, isBlank, makeSchema, makeTriggers } from './sqlite-schema.ts'
import { SqliteStandingStore } from './sqlite-standing.ts'
import { SqliteWitnessStore } from './sqlite-witness.ts'
import { tornFrames } from './wal-tail.ts'

/** How a database is opened. */
export interface AgentStoreOptions {
  readonly clock: Pick<HighWaterClock, 'now'>
  /**
   * `create` makes the file when there is none; `existing` refuses then, so that a lost journal is not taken for a new
   * one; `readOnly` refuses too, cannot write, and sees the state at the time of opening to its end. Default: create.
   */
  readonly mode?: 'create' | 'existing' | 'readOnly'
}

/** An agent's database. Dispose it to close the file. */
export interface SqliteAgentStore extends Disposable {
  readonly path: string
  /** What a crash left half written before this was opened, as short words. */
  readonly torn: readonly string[]
  readonly runs: SqliteRunStore
  readonly outbox: SqliteOutbox
  readonly approvals: SqliteApprovalStore
  readonly revocations: SqliteRevocationStore
  readonly quarantine: SqliteQuarantineStore
  readonly bindingLocks: SqliteBindingLocks
  readonly authority: SqliteAuthority
  readonly cancellations: SqliteCancellationStore
  readonly standing: SqliteStandingStore
  readonly schedules: SqliteScheduleStore
  readonly audit: SqliteAuditStore
  readonly witness: SqliteWitnessStore
  readonly clock: SqliteHighWaterClock
  /** Runs `write` in one transaction: durable when this returns, undone when it throws. */
  transaction<T>(write: () => T): T
  /** Looks at every page, index and row. Throws: ERR_STORE_CORRUPT. Time: done at every opening, unless that is to read. */
  check(): void
  /** Runs `read` on one state of the database, whatever another process writes meanwhile. */
  snapshot<T>(read: () => T): T
}

/**
 * Opens an agent's database and checks that it is whole.
 *
 * Throws: ERR_STORE_MISSING, ERR_STORE_OPEN, ERR_STORE_CORRUPT, ERR_STORE_OLDER, ERR_STORE_NEWER; nothing
 * is opened then.
 */
export function openSqliteAgentStore(path: string, options: AgentStoreOptions): SqliteAgentStore {
  const { clock, mode = 'create' } = options
  prepareFile(path, mode === 'create')
  const torn = mode === 'readOnly' ? 0 : tornFrames(`${path}-wal`)
  const connection = new SqliteConnection(path, { readOnly: mode === 'readOnly' })
  try {
    if (mode === 'create' && isBlank(connection)) makeSchema(connection)
    checkSchema(connection, { mayUpgrade: mode !== 'readOnly' })
    if (mode !== 'readOnly') {
      makeTriggers(connection)
      connection.snapshot(() => checkRows(connection))
      keepRowSums(connection)
    }
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
  return {
    path,
    torn: torn === 0 ? [] : [`${torn} frames of a transaction that was cut off`],
    runs: new SqliteRunStore(connection),
    outbox: new SqliteOutbox(connection),
    approvals: new SqliteApprovalStore(connection),
    revocations: new SqliteRevocationStore(connection),
    quarantine: new SqliteQuarantineStore(connection),
    bindingLocks: new SqliteBindingLocks(connection),
    authority: new SqliteAuthority(connection),
    cancellations: new SqliteCancellationStore(connection),
    standing: new SqliteStandingStore(connection),
    schedules: new SqliteScheduleStore(connection),
    audit: new SqliteAuditStore(connection),
    witness: new SqliteWitnessStore(connection),
    clock: new SqliteHighWaterClock(connection, clock),
    transaction: (write) => connection.transaction(write),
    snapshot: (read) => connection.snapshot(read),
    check: () => connection.snapshot(() => checkRows(connection)),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  }
}

function checkRows(connection: SqliteConnection): void {
  checkContent(connection)
  checkRowSums(connection)
}

/** Why made here: SQLite would make the file with whatever mode the process happens to use. */
function prepareFile(path: string, mayCreate: boolean): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) {
    throw new CodedError('ERR_STORE_OPEN', `${path} is not a plain file`, { details: { path } })
  }
  if (found !== undefined && (found.size > 0 || mayCreate)) return
  if (!mayCreate) {
    throw new CodedError('ERR_STORE_MISSING', `${path} holds no database`, { details: { path } })
  }
  try {
    closeSync(openSync(path, 'wx', 0o600))
    syncDirectory(dirname(path))
  } catch (cause) {
    throw new CodedError('ERR_STORE_OPEN', `${path} cannot be made`, { details: { path }, cause })
  }
}
