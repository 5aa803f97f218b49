// SPDX-License-Identifier: Apache-2.0
/** Audit entries as lines of syslog with structured data. */
import type { AuditEntry } from '@sallyport/core/audit'
import { safeLine } from '../../output/safe-text.ts'
import { fieldsOf, messageOf, priorityOf } from './fields.ts'
import type { LogOwner } from './fields.ts'

/** "log audit". Source: RFC 5424, section 6.2.1. */
const FACILITY = 13
/** The number that is set aside for programs that have none of their own. Source: RFC 5612, section 2. */
const SD_ID = 'sallyport@32473'
const BOM = '\ufeff'

/** One entry with its line break. Source: RFC 5424, section 6. */
export function syslogLine(owner: LogOwner, entry: AuditEntry): string {
  const { agent, event, ...fields } = fieldsOf(owner, entry)
  const params = [
    ...Object.entries(fields),
    ...(entry.about ?? []).map((thing) => ['about', thing] as const),
  ].map(([name, value]) => ` ${name}="${parameter(value)}"`)
  const head = `<${FACILITY * 8 + priorityOf(entry)}>1 ${entry.at} ${agent} sallyport - ${event}`
  const message = messageOf(entry)
  // Why only then: text that is more than ASCII has to say so.
  const mark = /^[\x20-\x7e]*$/.test(message) ? '' : BOM
  return `${head} [${SD_ID}${params.join('')}] ${mark}${message}\n`
}

/** Source: RFC 5424, section 6.3.3. */
function parameter(value: string): string {
  return safeLine(value).replace(/["\\\]]/g, (c) => `\\${c}`)
}
