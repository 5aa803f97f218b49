// SPDX-License-Identifier: Apache-2.0
/** What this operator has revoked: signed statements, each agent's answer, and which approvals they void. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { Id, Instant, Revocation, documents, instantOf } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
import type { PinnedAgent } from './agents.ts'
import type { ApprovalRecord } from './approvals.ts'
import { deliver } from './deliver.ts'
import type { Operator } from './operator.ts'
import { readRecords, writeRecord } from './records.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'

/** What is revoked: a plugin by name, a bundle by digest, or everything by one publisher's key. */
export type RevokedSubject = Revocation['subject']

/** One revocation that was sent to one agent, and what the agent said. */
export const RevocationRecord = z.strictObject({
  format: z.literal('sallyport-revocation-record-1'),
  revocationId: Id,
  agentId: Id,
  subject: Revocation.shape.subject,
  why: Revocation.shape.why,
  issuedAt: Instant,
  state: z.enum(['sent', 'accepted', 'refused']),
})
export type RevocationRecord = z.infer<typeof RevocationRecord>

/** A revocation on its way, and how long its answer is waited for. */
export interface RevokeOrder {
  readonly subject: RevokedSubject
  readonly why: string
  /** Units: epoch milliseconds. */
  readonly untilMs: number
}

/** How long the hub keeps it for an agent that is away. Why so long: it must reach whoever comes back late. */
const KEPT_MS = 400 * 86_400_000

/** All revocations on record, newest first. */
export async function readRevocations(home: Home): Promise<RevocationRecord[]> {
  const records = await readRecords(home.operator.revocations, RevocationRecord)
  return records.sort((a, b) => (a.issuedAt > b.issuedAt ? -1 : 1))
}

/** Keeps a revocation's record. */
export async function writeRevocation(home: Home, record: RevocationRecord): Promise<void> {
  const path = join(home.operator.revocations, `${record.revocationId}.json`)
  await writeRecord(path, RevocationRecord, record)
}

/** Signs a revocation for an agent, keeps its record and waits for the answer; undefined when none came in time. */
export async function revoke(
  operator: Operator,
  agent: PinnedAgent,
  { subject, why, untilMs }: RevokeOrder,
): Promise<{ record: RevocationRecord; answer: VerifiedResult | undefined }> {
  const nowMs = operator.now()
  const revocation: Revocation = {
    revocationId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    subject,
    why,
    issuedAt: instantOf(nowMs),
    readers: readersFor(operator, agent),
  }
  const { revocationId, issuedAt } = revocation
  const record: RevocationRecord = {
    format: 'sallyport-revocation-record-1',
    revocationId,
    agentId: agent.agentId,
    subject,
    why,
    issuedAt,
    state: 'sent',
  }
  await writeRevocation(operator.home, record)
  const answer = await deliver(operator, agent, {
    kind: documents.revocation,
    document: revocation,
    envelopeId: revocationId,
    expiresAt: instantOf(nowMs + KEPT_MS),
    untilMs,
  })
  if (answer === undefined) return { record, answer }
  const state = answer.result.state === 'done' ? 'accepted' : 'refused'
  const settled: RevocationRecord = { ...record, state }
  await writeRevocation(operator.home, settled)
  return { record: settled, answer }
}

/** Whether a subject takes in what an approval names. */
export function concerns(
  subject: RevokedSubject,
  { plugin, publisher }: Pick<ApprovalRecord, 'plugin' | 'publisher'>,
): boolean {
  if ('plugin' in subject) return subject.plugin === plugin.name
  return 'digest' in subject
    ? subject.digest === plugin.digest
    : subject.publisherKey === publisher.key
}

/** Whether an agent has taken a revocation that voids an approval. One that is signed later stands again. */
export function isRevoked(
  approval: ApprovalRecord,
  revocations: readonly RevocationRecord[],
): boolean {
  return revocations.some(
    ({ agentId, state, subject, issuedAt }) =>
      agentId === approval.agentId &&
      state === 'accepted' &&
      approval.issuedAt <= issuedAt &&
      concerns(subject, approval),
  )
}
