// SPDX-License-Identifier: Apache-2.0
/** The effect of a job type that somebody proposes, by an approval that an operator of the site signed. */
import { open, verifyEnvelope } from '@sallyport/core/crypto'
import { documents, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import type { Approval, ApprovedJob } from '@sallyport/core/protocol'
import { WIRE, hubRefusalOf } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { readApprovals, standingApproval } from './approvals.ts'
import type { Operator } from './operator.ts'
import type { ReadDocument } from './proposable.ts'

/** An approval that came with a proposal, and who signed it. */
export interface AttachedApproval {
  readonly approval: Approval
  readonly by: string
}

/** What an approval says of a job type; undefined when it says nothing of it. */
export function jobUnder(
  attached: AttachedApproval | undefined,
  jobType: string,
): ApprovedJob | undefined {
  const [plugin, name = ''] = jobType.split('/')
  if (attached === undefined || attached.approval.plugin.name !== plugin) return undefined
  return Object.hasOwn(attached.approval.jobs, name) ? attached.approval.jobs[name] : undefined
}

/**
 * Reads the approval that came with a proposal.
 *
 * Trust: the proposer chose it. It counts when an operator of the site signed it for the agent of the job; the agent goes
 * by the one that it holds.
 */
export function openAttached(
  operator: Operator,
  bytes: Uint8Array | undefined,
  { agentIds }: Pick<ReadDocument, 'agentIds'>,
): AttachedApproval | undefined {
  if (bytes === undefined) return undefined
  try {
    const envelope = parseEnvelope(bytes, WIRE.maxSealedBytes)
    const verified = verifyEnvelope(envelope, documents.approval, operator.trust)
    if (!verified.ok) return undefined
    const approval = parseDocument(documents.approval, verified.payload)
    const isOfSite = approval.siteId === operator.site.siteId
    const isOfAgents = agentIds.every((agentId) => approval.agentIds.includes(agentId))
    const isNow = Date.parse(approval.expiresAt) > operator.now()
    return isOfSite && isOfAgents && isNow ? { approval, by: verified.signer.name } : undefined
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

/** The signed bytes of the approval of a plugin that stands on an agent, from the hub; undefined when they are gone. */
export async function findApproval(
  operator: Operator,
  agentId: string,
  plugin: string,
): Promise<Uint8Array | undefined> {
  const records = await readApprovals(operator.home)
  const record = standingApproval(records, agentId, { plugin, nowMs: operator.now() })
  if (record === undefined) return undefined
  try {
    const { sealed } = await operator.hub.showEnvelope(record.approvalId)
    return await open(sealed, operator.identity.sealing, WIRE.maxSealedBytes)
  } catch (error) {
    if (hubRefusalOf(error)?.status === 404) return undefined
    if (isCodedError(error) && error.code === 'ERR_UNSEAL') return undefined
    throw error
  }
}
