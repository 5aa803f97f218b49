// SPDX-License-Identifier: Apache-2.0
/** Plugins in quarantine: learnt from what agents answer, lifted by a signed release. */
import { randomUUIDv7 } from 'node:crypto'
import { documents, instantOf } from '@sallyport/core/protocol'
import type { QuarantineRelease, Result } from '@sallyport/core/protocol'
import type { Home } from '../home.ts'
import type { PinnedAgent } from './agents.ts'
import { lastAccepted, readApprovals, writeApproval } from './approvals.ts'
import type { ApprovalRecord } from './approvals.ts'
import { deliver } from './deliver.ts'
import type { Operator } from './operator.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'

const LIFETIME_MS = 86_400_000

/** Signs a release of the bundle that an approval names and waits for the answer; undefined when none came in time. */
export async function release(
  operator: Operator,
  agent: PinnedAgent,
  { approval, untilMs }: { approval: ApprovalRecord; untilMs: number },
): Promise<{ releaseId: string; answer: VerifiedResult | undefined }> {
  const nowMs = operator.now()
  const { name, digest } = approval.plugin
  const document: QuarantineRelease = {
    releaseId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    plugin: { name, digest },
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + LIFETIME_MS),
    readers: readersFor(operator, agent),
  }
  const { releaseId, expiresAt } = document
  const kind = documents.quarantineRelease
  const outgoing = { kind, document, envelopeId: releaseId, expiresAt, untilMs }
  const answer = await deliver(operator, agent, outgoing)
  if (answer?.result.state === 'done') {
    await writeApproval(operator.home, { ...approval, quarantinedAt: null })
  }
  return { releaseId, answer }
}

/**
 * Keeps what a verified answer to a job says of its plugin: put aside, or running again.
 *
 * Trust: the answer is the agent's own, so the record is what the agent said last, and no more.
 */
export async function noteQuarantine(home: Home, agentId: string, result: Result): Promise<void> {
  const isQuarantined = result.refusal?.reason === 'quarantined'
  if (!isQuarantined && result.state !== 'done') return
  const [plugin = ''] = result.jobType?.split('/') ?? []
  const record = lastAccepted(await readApprovals(home), agentId, plugin)
  if (record === undefined || isQuarantined === (record.quarantinedAt !== null)) return
  // An answer from before the approval says nothing about it.
  if (result.finishedAt < record.issuedAt) return
  await writeApproval(home, { ...record, quarantinedAt: isQuarantined ? result.finishedAt : null })
}
