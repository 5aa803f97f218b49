// SPDX-License-Identifier: Apache-2.0
/** Gives what enough people signed to the agent it is for. */
import { seal } from '@sallyport/core/crypto'
import { instantOf } from '@sallyport/core/protocol'
import { hubRefusalOf } from '@sallyport/core/transport'
import type { Operator } from './operator.ts'
import type { Proposal } from './proposals.ts'

/** How long the hub keeps, for an agent that is away, what does not end by itself. */
export const KEPT_MS = 30 * 86_400_000

/**
 * Submits a proposal under its own id; says false when somebody else has done so before.
 *
 * Why that is as good: whoever was first sealed the same payload with enough signatures, or the agent refuses it.
 */
export async function submit(operator: Operator, proposal: Proposal): Promise<boolean> {
  const { merged, readers, id: envelopeId, agentIds, expiresAt } = proposal
  const sealed = await seal(merged, readers)
  const [agentId] = agentIds as [string]
  const until = expiresAt ?? instantOf(operator.now() + KEPT_MS)
  try {
    await operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt: until })
    return true
  } catch (error) {
    if (hubRefusalOf(error)?.status === 409) return false
    throw error
  }
}
