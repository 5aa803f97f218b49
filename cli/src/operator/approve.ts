// SPDX-License-Identifier: Apache-2.0
/** Brings an approval to an agent: the bundle to the hub, the signed approval to the agent, its verified answer back. */
import { randomUUIDv7 } from 'node:crypto'
import { signedAs } from '@sallyport/core/admission'
import {
  approvedJobsOf,
  bindingNamesOf,
  documents,
  encodeBase64url,
  instantOf,
} from '@sallyport/core/protocol'
import type { Approval } from '@sallyport/core/protocol'
import type { ReadBundle } from '../bundle/read-bundle.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import type { ReadPublication } from '../publisher/publication.ts'
import type { PinnedAgent } from './agents.ts'
import { writeApproval } from './approvals.ts'
import type { ApprovalRecord } from './approvals.ts'
import { deliver } from './deliver.ts'
import type { Operator } from './operator.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'

/** What is approved, and until when its answer is waited for. */
export interface ApproveOrder {
  readonly bundle: ReadBundle
  readonly publication: ReadPublication
  /** Job types that may run; all of the plugin unless given. */
  readonly jobNames?: readonly string[] | undefined
  readonly overrides: Approval['overrides']
  readonly lifetimeMs: number
  /** Units: epoch milliseconds. */
  readonly untilMs: number
}

/** An approval that the agent has taken. */
export interface Approved {
  readonly record: ApprovalRecord
  readonly answer: VerifiedResult
}

/** Approves a bundle for an agent. Throws: ERR_NO_ANSWER, and the agent's reason when it refuses. */
export async function approve(
  operator: Operator,
  agent: PinnedAgent,
  order: ApproveOrder,
): Promise<Approved> {
  await operator.hub.storeBundle(order.bundle.digest, order.bundle.bytes)
  const approval = approvalOf(operator, agent, order)
  const { approvalId, expiresAt } = approval
  const record = recordOf(agent, approval, order.bundle)
  await writeApproval(operator.home, record)
  const answer = await deliver(operator, agent, {
    kind: documents.approval,
    document: approval,
    envelopeId: approvalId,
    expiresAt,
    untilMs: order.untilMs,
  })
  if (answer === undefined) throw noAnswer(agent, record)
  const state = answer.result.state === 'done' ? 'accepted' : 'refused'
  const settled: ApprovalRecord = { ...record, state }
  await writeApproval(operator.home, settled)
  if (state === 'refused') throw refusalProblem(answer.result, agent.name)
  return { record: settled, answer }
}

function approvalOf(operator: Operator, agent: PinnedAgent, order: ApproveOrder): Approval {
  const { bundle, publication, jobNames, overrides, lifetimeMs } = order
  const { name, version } = bundle.manifest
  const jobs = approvedJobsOf(bundle.manifest, jobNames)
  const nowMs = operator.now()
  return {
    approvalId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    plugin: { name, version, digest: bundle.digest },
    publisher: publication.publication.publisher,
    publication: encodeBase64url(publication.envelope),
    jobs,
    bindings: bindingNamesOf(jobs),
    overrides,
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + lifetimeMs),
    readers: readersFor(operator, agent, signedAs(documents.approval, {})),
  }
}

function recordOf(
  { agentId }: PinnedAgent,
  approval: Approval,
  { manifest }: ReadBundle,
): ApprovalRecord {
  const { approvalId, plugin, publisher, jobs, overrides, issuedAt, expiresAt } = approval
  return {
    format: 'sallyport-approval-record-1',
    approvalId,
    agentId,
    plugin,
    publisher,
    jobs,
    overrides,
    manifest,
    issuedAt,
    expiresAt,
    state: 'sent',
    quarantinedAt: null,
  }
}

function noAnswer(agent: PinnedAgent, record: ApprovalRecord): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the approval yet`, {
    exit: EXIT.unreachable,
    details: { approval: record.approvalId },
    unharmed: 'It waits at the hub; the agent takes it when it next asks.',
    remedy: 'See whether the agent runs, then approve again:',
    commands: ['sallyport agent list'],
  })
}
