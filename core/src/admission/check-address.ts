// SPDX-License-Identifier: Apache-2.0
/** The document is signed for this site, this agent, and names this agent's key among its readers. */
import { pass, refuse, type Checked } from './checked.ts'

/** Who this agent is. */
export interface Address {
  readonly siteId: string
  readonly agentId: string
  /** X25519 public key, base64url. */
  readonly sealingKey: string
}

/** The addressing part of a job or an approval. */
export interface Addressed {
  readonly siteId: string
  readonly agentIds: readonly string[]
  readonly readers: readonly string[]
}

/**
 * Checks the address.
 *
 * Why: without the readers check, someone who may open a document could seal it anew for another reader.
 */
export function checkAddress(document: Addressed, self: Address): Checked<true> {
  if (document.siteId !== self.siteId) {
    return refuse('wrong_audience', { siteId: document.siteId })
  }
  if (!document.agentIds.includes(self.agentId)) {
    return refuse('wrong_audience', { agentIds: document.agentIds.slice(0, 8) })
  }
  if (!document.readers.includes(self.sealingKey)) return refuse('not_a_reader')
  return pass(true)
}
