// SPDX-License-Identifier: Apache-2.0
/** Signed pins of bound services, and what agents said of the locks that they end. */
import { randomUUIDv7 } from 'node:crypto'
import { documents, instantOf } from '@sallyport/core/protocol'
import type { Pin } from '@sallyport/core/protocol'
import { readAgents } from './agents.ts'
import type { PinnedAgent } from './agents.ts'
import { deliver } from './deliver.ts'
import { envelopes } from './find-job.ts'
import { readMail } from './mail.ts'
import type { Operator } from './operator.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'

const LIFETIME_MS = 86_400_000
/** How many of the newest answers of an agent are looked through. */
const MAX_LOOKED_AT = 32

/** What is pinned. */
export type PinOrder = Pick<Pin, 'plugin' | 'binding' | 'sha256'>

/** What an agent said of a lock. */
export interface SaidOfLock {
  readonly pinned: string
  readonly seen: string
  readonly since: string
}

/** Signs a pin for an agent and waits for the answer; undefined when none came in time. */
export async function pin(
  operator: Operator,
  agent: PinnedAgent,
  { order, untilMs }: { order: PinOrder; untilMs: number },
): Promise<{ pinId: string; answer: VerifiedResult | undefined }> {
  const nowMs = operator.now()
  const { plugin, binding, sha256 } = order
  const document: Pin = {
    pinId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    plugin,
    binding,
    sha256,
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + LIFETIME_MS),
    readers: readersFor(operator, agent),
  }
  const { pinId, expiresAt } = document
  const outgoing = { kind: documents.pin, document, envelopeId: pinId, expiresAt, untilMs }
  return { pinId, answer: await deliver(operator, agent, outgoing) }
}

/**
 * What the agent said last of a lock on this binding, among its newest answers.
 *
 * Trust: the answer is verified, so it is what the agent saw; that is what was shown to it, by whomever.
 */
export async function lastLock(
  operator: Operator,
  agent: PinnedAgent,
  { plugin, binding }: Pick<PinOrder, 'plugin' | 'binding'>,
): Promise<SaidOfLock | undefined> {
  const agents = await readAgents(operator.home)
  let lookedAt = 0
  for await (const view of envelopes(operator)) {
    if (view.agentId !== agent.agentId) continue
    if (++lookedAt > MAX_LOOKED_AT) return undefined
    const refusal = (await readMail(operator, view, agents)).answer?.result.refusal
    if (refusal?.reason !== 'binding_locked') continue
    const { plugin: of, name, pinned, seen, since } = refusal.details
    if (of !== plugin || name !== binding) continue
    return { pinned: String(pinned), seen: String(seen), since: String(since) }
  }
  return undefined
}
