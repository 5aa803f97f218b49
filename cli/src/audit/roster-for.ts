// SPDX-License-Identifier: Apache-2.0
/** An operator's signed word on which key an agent has, for whoever cannot know it otherwise. */
import { randomUUIDv7 } from 'node:crypto'
import { signDocument } from '@sallyport/core/crypto'
import { documents, encodeBase64url, encodeEnvelope, instantOf } from '@sallyport/core/protocol'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { selfOf } from '../operator/people.ts'
import { readRosters } from '../operator/roster.ts'

/**
 * Envelope of a roster with this agent and the key that is pinned here: one at the hub, else an operator's own. Undefined
 * when no operator vouches for that key.
 */
export async function rosterFor(
  operator: Operator,
  agent: PinnedAgent,
): Promise<Uint8Array | undefined> {
  if (selfOf(operator).role === 'operator') return ownRoster(operator, agent)
  const { signingKey } = agent.identity
  const found = (await readRosters(operator)).find(({ roster }) =>
    roster.agents.some(
      (entry) => entry.agentId === agent.agentId && entry.signingKey === signingKey,
    ),
  )
  return found && encodeEnvelope(found.envelope)
}

function ownRoster(operator: Operator, agent: PinnedAgent): Uint8Array {
  const { identity, site } = operator
  const { agentId, name } = agent
  const { signingKey, sealingKey } = agent.identity
  const roster = {
    rosterId: randomUUIDv7(),
    siteId: site.siteId,
    agents: [{ agentId, name, signingKey, sealingKey }],
    issuedAt: instantOf(operator.now()),
    readers: [encodeBase64url(identity.sealing.publicKey)],
  }
  return signDocument(documents.roster, roster, identity.signing)
}
