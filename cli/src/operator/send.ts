// SPDX-License-Identifier: Apache-2.0
/** Signs a document, seals it to its readers, and gives it to the hub under its own id. */
import { digestOf, seal, signDocument } from '@sallyport/core/crypto'
import { parseEnvelope } from '@sallyport/core/protocol'
import type { DocumentKind } from '@sallyport/core/protocol'
import type { PinnedAgent } from './agents.ts'
import type { Operator } from './operator.ts'
import { readersAmongPeople } from './people.ts'
import { signatureStanding } from './signatures.ts'
import type { ToSign } from './signatures.ts'

/** A document on its way. */
export interface Sent {
  readonly envelopeId: string
  /** SHA-256 of the signed payload: what the answer must name. */
  readonly digest: string
  /** Milliseconds of signing and sealing, and of the hub taking it. */
  readonly preparedMs: number
  readonly queuedMs: number
}

/** What `send` needs to know of a document. */
export interface Outgoing<T> {
  readonly kind: DocumentKind<T>
  readonly document: T & { readonly readers: readonly string[] }
  readonly envelopeId: string
  /** Until when the hub keeps it for the agent. */
  readonly expiresAt: string
}

/**
 * Sends one document.
 *
 * Why: sign first, then seal, and only to the readers that the signed document names, so that nobody can seal it
 * anew for someone else.
 */
export async function send<T>(
  operator: Operator,
  agent: PinnedAgent,
  { kind, document, envelopeId, expiresAt }: Outgoing<T>,
): Promise<Sent> {
  const startedMs = performance.now()
  const signed = signDocument(kind, document as T, operator.identity.signing)
  const sealed = await seal(signed, document.readers)
  const preparedMs = performance.now() - startedMs
  const { agentId } = agent
  await operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt })
  return {
    envelopeId,
    digest: digestOf(parseEnvelope(signed, signed.length).payload),
    preparedMs,
    queuedMs: performance.now() - startedMs - preparedMs,
  }
}

/**
 * Who may read a document for this agent, and its answer: the agent, every operator of the site, whoever sends it, and the
 * customers where one of them must sign too.
 */
export function readersFor(operator: Operator, agent: PinnedAgent, signed?: ToSign): string[] {
  const need = signed && signatureStanding(signed, [], operator.trust).need
  const people = readersAmongPeople(operator, { customers: (need?.customers ?? 0) > 0 })
  return [agent.identity.sealingKey, ...people]
}
