// SPDX-License-Identifier: Apache-2.0
/** Audit entries in the export format of the systemd journal. */
import type { AuditEntry } from '@sallyport/core/audit'
import { safeLine } from '../../output/safe-text.ts'
import { fieldsOf, messageOf, priorityOf } from './fields.ts'
import type { LogOwner } from './fields.ts'

/**
 * One entry, with the empty line that ends it.
 *
 * Shape: text fields only; what could end a line is spelt out before. Source: systemd's "Journal Export Formats".
 */
export function journalEntry(owner: LogOwner, entry: AuditEntry): string {
  const named = Object.entries(fieldsOf(owner, entry))
  const fields: (readonly [string, string])[] = [
    ['__REALTIME_TIMESTAMP', String(Math.max(1, Date.parse(entry.at)) * 1_000)],
    ['SYSLOG_IDENTIFIER', 'sallyport'],
    ['PRIORITY', String(priorityOf(entry))],
    ...named.map(([name, value]) => [name.toUpperCase(), value] as const),
    ...(entry.about ?? []).map((thing) => ['ABOUT', thing] as const),
    ['MESSAGE', messageOf(entry)],
  ]
  return `${fields.map(([name, value]) => `${name}=${safeLine(value)}\n`).join('')}\n`
}
