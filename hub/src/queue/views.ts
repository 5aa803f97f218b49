// SPDX-License-Identifier: Apache-2.0
/** Rows as the contract shows them. */
import { instantOf } from '@sallyport/core/protocol'
import type { AgentView, EnvelopeView } from '@sallyport/core/transport'
import type { AnsweredEnvelope } from '../stores/envelope-store.ts'
import type { AgentRow } from '../stores/tables.ts'

/** An envelope for operators. */
export function viewEnvelope(row: AnsweredEnvelope): EnvelopeView {
  return {
    envelopeId: row.envelope_id,
    agentId: row.agent_id,
    state: row.state,
    queuedAt: instantOf(row.queued_at),
    deliveredAt: instantOrNull(row.delivered_at),
    answeredAt: instantOrNull(row.answered_at),
    expiresAt: instantOf(row.expires_at),
    deliveryCount: row.delivery_count,
    sealed: row.sealed,
    result: row.result,
  }
}

/** An agent for operators. */
export function viewAgent(row: AgentRow): AgentView {
  return {
    agentId: row.agent_id,
    signingKey: row.signing_key,
    descriptor: row.descriptor,
    enrolledAt: instantOf(row.enrolled_at),
    lastSeenAt: instantOrNull(row.last_seen_at),
  }
}

function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instantOf(ms)
}
