// SPDX-License-Identifier: Apache-2.0
/** The audit entries of an agent, read from its database beside the running program. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseAuditEntry, type AuditEntry } from '@sallyport/core/audit'
import { patient } from './patience.ts'
import { until } from './until.ts'

/** All entries, oldest first. */
export function auditEvents(stateDir: string): AuditEntry[] {
  const database = new DatabaseSync(join(stateDir, 'agent.db'), { readOnly: true })
  try {
    const rows = database.prepare('SELECT bytes FROM audit_entries ORDER BY idx').all()
    return rows.map((row) => parseAuditEntry(row['bytes'] as Uint8Array))
  } finally {
    database.close()
  }
}

/** Waits until there is an entry of this event about a job. */
export async function untilLogged(stateDir: string, event: string, jobId: string): Promise<void> {
  const isLogged = () =>
    auditEvents(stateDir).some((entry) => entry.event === event && entry.jobId === jobId)
  await until(isLogged, `${event} of ${jobId}`, patient(15_000))
}
