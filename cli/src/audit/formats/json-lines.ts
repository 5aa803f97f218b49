// SPDX-License-Identifier: Apache-2.0
/** Audit entries as JSON lines: the whole entry, and whose it is. */
import type { AuditEntry } from '@sallyport/core/audit'
import { safeJsonLine } from '../../output/safe-text.ts'
import type { LogOwner } from './fields.ts'

/** One entry, with its line break. Hidden characters are `\uXXXX`, so a line is a line for every program. */
export function jsonLine({ name }: LogOwner, entry: AuditEntry): string {
  return `${safeJsonLine({ agent: name, ...entry })}\n`
}
