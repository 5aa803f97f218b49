// SPDX-License-Identifier: Apache-2.0
/** Audit entries as a table that spreadsheets read and do not calculate. */
import type { AuditEntry } from '@sallyport/core/audit'
import { safeJsonLine, safeLine } from '../../output/safe-text.ts'
import { FIELD_NAMES, fieldsOf } from './fields.ts'
import type { LogOwner } from './fields.ts'

/** The head of the table. */
export const CSV_HEAD = row(['at', ...FIELD_NAMES, 'about', 'details'])

/** One entry as a row. */
export function csvRow(owner: LogOwner, entry: AuditEntry): string {
  const fields = fieldsOf(owner, entry)
  const about = (entry.about ?? []).join(' ')
  const details = safeJsonLine(entry.details)
  return row([entry.at, ...FIELD_NAMES.map((name) => fields[name] ?? ''), about, details])
}

/** Source: RFC 4180, section 2. */
function row(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/** Why an apostrophe: a spreadsheet takes a cell that begins so for a formula. */
function cell(value: string): string {
  const text = safeLine(value)
  const inert = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
