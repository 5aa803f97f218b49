// SPDX-License-Identifier: Apache-2.0
/** The agent's record: its database, with the journal and the audit log over it. */
import { randomBytes } from 'node:crypto'
import { auditOrigin, AuditLog, type AuditEventInput } from '@sallyport/core/audit'
import type { Identity } from '@sallyport/core/crypto'
import type { Journal } from '@sallyport/core/runner'
import {
  makeSqliteJournal,
  openSqliteAgentStore,
  type SqliteAgentStore,
} from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'

/** Name of the database in the state directory. */
export const DATABASE = 'agent.db'

/** Journal and audit log of an agent, open for writing. */
export interface AgentRecord extends Disposable {
  readonly store: SqliteAgentStore
  readonly journal: Journal
  readonly log: AuditLog
  /** Appends one entry to the audit log, durably, and writes what goes with it in the same transaction. */
  note(event: AuditEventInput, write?: (nowMs: number) => void): void
}

/** Opens the record. Throws: ERR_STORE_MISSING with mode `existing`, ERR_STORE_CORRUPT, ERR_STORE_NEWER. */
export function openRecord(
  path: string,
  agent: { agentId: string; identity: Identity; mode: 'create' | 'existing' },
): AgentRecord {
  const store = openSqliteAgentStore(path, { clock: systemClock, mode: agent.mode })
  const epoch = store.witness.epoch()?.number ?? 0
  const salt = (): string => randomBytes(16).toString('base64url')
  const origin = auditOrigin(agent.agentId)
  const log = new AuditLog(store.audit, origin, agent.identity.signing, { epoch, salt })
  const journal = makeSqliteJournal(store, log)
  return {
    store,
    journal,
    log,
    note(event, write) {
      const now = systemClock.now()
      journal.transaction(() => {
        write?.(now)
        journal.raiseClock(now)
        journal.audit([event], now)
      })
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  }
}
