// SPDX-License-Identifier: Apache-2.0
/** Approvals that a colleague signed and an agent took, read back from the hub into one's own record. */
import { open, openBundle, verifyEnvelope } from '@sallyport/core/crypto'
import { documents, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import type { Approval } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { PinnedAgent } from './agents.ts'
import { readApprovals, standingApproval, writeApproval } from './approvals.ts'
import type { ApprovalRecord } from './approvals.ts'
import { envelopes } from './find-job.ts'
import type { Operator } from './operator.ts'
import { openResult } from './results.ts'

/** How far back the mailbox of an agent is searched. */
const MAX_SEARCHED = 500

/** The approval of a plugin that stands on an agent, from this machine's record, else from the hub; then it is kept. */
export async function knownApproval(
  operator: Operator,
  agent: PinnedAgent,
  plugin: string,
): Promise<ApprovalRecord | undefined> {
  const records = await readApprovals(operator.home)
  const known = standingApproval(records, agent.agentId, { plugin, nowMs: operator.now() })
  return known ?? (await learnApproval(operator, agent, plugin))
}

/**
 * Looks for the newest approval of a plugin that the agent has accepted.
 *
 * Trust: an operator of the site signed it, the agent signed that it took it, and the bundle has the digest it names.
 */
async function learnApproval(
  operator: Operator,
  agent: PinnedAgent,
  plugin: string,
): Promise<ApprovalRecord | undefined> {
  let searchedCount = 0
  for await (const view of envelopes(operator, agent.agentId)) {
    const record = await orNothing(() => recordIn(operator, agent, { view, plugin }))
    if (record !== undefined && Date.parse(record.expiresAt) > operator.now()) {
      await writeApproval(operator.home, record)
      return record
    }
    if (++searchedCount === MAX_SEARCHED) break
  }
  return undefined
}

async function recordIn(
  operator: Operator,
  agent: PinnedAgent,
  { view, plugin }: { view: EnvelopeView; plugin: string },
): Promise<ApprovalRecord | undefined> {
  if (view.result === null) return undefined
  const bytes = await open(view.sealed, operator.identity.sealing, WIRE.maxSealedBytes)
  const envelope = parseEnvelope(bytes, WIRE.maxSealedBytes)
  const verified = verifyEnvelope(envelope, documents.approval, operator.trust)
  if (!verified.ok) return undefined
  const approval = parseDocument(documents.approval, verified.payload)
  if (approval.plugin.name !== plugin || approval.approvalId !== view.envelopeId) return undefined
  const { digest } = verified
  const question = { envelopeId: view.envelopeId, digest, jobId: null }
  const { result } = await openResult(operator, agent, view.result, question)
  return result.state === 'done' ? await recordOf(operator, agent, approval) : undefined
}

async function recordOf(
  { hub }: Operator,
  { agentId }: PinnedAgent,
  approval: Approval,
): Promise<ApprovalRecord> {
  const { approvalId, plugin, publisher, jobs, overrides, issuedAt, expiresAt } = approval
  const { manifest } = openBundle(await hub.fetchBundle(plugin.digest), plugin.digest)
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
    state: 'accepted',
    quarantinedAt: null,
  }
}

/** Why: what cannot be opened or read is somebody else's, and nothing is learnt from it. */
async function orNothing<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isCodedError(error) && !error.code.startsWith('ERR_HUB_')) return undefined
    throw error
  }
}
