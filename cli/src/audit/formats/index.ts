// SPDX-License-Identifier: Apache-2.0
/** The forms in which audit entries go to other programs. */
import type { AuditEntry } from '@sallyport/core/audit'
import { CSV_HEAD, csvRow } from './csv.ts'
import type { LogOwner } from './fields.ts'
import { journalEntry } from './journal.ts'
import { jsonLine } from './json-lines.ts'
import { syslogLine } from './syslog.ts'

/** How one form is written. */
export interface ExportFormat {
  readonly head: string
  record(owner: LogOwner, entry: AuditEntry): string
}

/** All of them by name. */
export const EXPORT_FORMATS = {
  jsonl: { head: '', record: jsonLine },
  csv: { head: CSV_HEAD, record: csvRow },
  journal: { head: '', record: journalEntry },
  syslog: { head: '', record: syslogLine },
} as const satisfies Record<string, ExportFormat>
