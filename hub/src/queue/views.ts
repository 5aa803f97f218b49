// SPDX-License-Identifier: Apache-2.0
/** Rows as the contract shows them. */
import { instantOf } from '@sallyport/core/protocol'
import type { AgentView, EnvelopeView, PostingView } from '@sallyport/core/transport'
import type { AnsweredEnvelope } from '../stores/envelope-store.ts'
import type { AgentRow, PostingRow } from '../stores/tables.ts'

/** An envelope for people. */
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
    standing: row.standing,
    descriptor: row.descriptor,
    enrolledAt: instantOf(row.enrolled_at),
    lastSeenAt: instantOrNull(row.last_seen_at),
  }
}

/** A posting for people. */
export function viewPosting(row: PostingRow): PostingView {
  return {
    postingId: row.posting_id,
    kind: row.kind,
    about: row.about,
    agentId: row.agent_id,
    sealed: row.sealed,
    postedAt: instantOf(row.posted_at),
    expiresAt: instantOf(row.expires_at),
  }
}

function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instantOf(ms)
}
