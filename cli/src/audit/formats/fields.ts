// SPDX-License-Identifier: Apache-2.0
/** What of an audit entry becomes a field of its own in logs of other programs. */
import type { AuditEntry } from '@sallyport/core/audit'
import { safeJsonLine } from '../../output/safe-text.ts'

/** Whose log an entry is of. */
export interface LogOwner {
  readonly name: string
  readonly agentId: string
}

/** Details that are fields. Why a list: a name from elsewhere must not become the name of a field. */
const DETAILS = {
  reason: 'reason',
  code: 'code',
  job_type: 'jobType',
  effect: 'effect',
  plugin: 'plugin',
  handle: 'handle',
  kind: 'kind',
  method: 'method',
  outcome: 'outcome',
  signer: 'signer',
  verdict: 'verdict',
} as const

/** Names of the fields, in the order in which they are written. */
export const FIELD_NAMES = [
  'agent',
  'agent_id',
  'audit_index',
  'event',
  'corr_id',
  'job_id',
  ...(Object.keys(DETAILS) as (keyof typeof DETAILS)[]),
] as const

/** Fields of an entry; one that it does not have is not there. The id of the delivery goes through everything of a job. */
export function fieldsOf(
  { name, agentId }: LogOwner,
  { index, event, jobId, envelopeId, details }: AuditEntry,
): Partial<Record<(typeof FIELD_NAMES)[number], string>> {
  const fields: Partial<Record<(typeof FIELD_NAMES)[number], string>> = {
    agent: name,
    agent_id: agentId,
    audit_index: String(index),
    event,
  }
  const corrId = envelopeId ?? jobId
  if (corrId !== undefined) fields.corr_id = corrId
  if (jobId !== undefined) fields.job_id = jobId
  for (const [field, member] of Object.entries(DETAILS)) {
    const value = details[member]
    if (typeof value === 'string' && value !== '') fields[field as keyof typeof DETAILS] = value
  }
  return fields
}

/** How grave an event is. Source: RFC 5424, section 6.2.1. */
export function priorityOf({ event, details }: AuditEntry): 3 | 4 | 6 {
  if (/^(audit\.(set-back|torn)|hub\.doubted|clock\.anomaly)$/.test(event)) return 3
  if (/^(isolation\.accepted|binding\.locked|plugin\.quarantined|schedule\.skipped)$/.test(event))
    return 4
  if (details['outcome'] === 'failed') return 4
  return /refused|denied|failed|interrupted|crashed/.test(event) ? 4 : 6
}

/** An entry in one line for people. */
export function messageOf({ event, details }: AuditEntry): string {
  return `${event} ${safeJsonLine(details)}`
}
