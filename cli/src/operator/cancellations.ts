// SPDX-License-Identifier: Apache-2.0
/** The signed word that a job shall not run, and that an agent shall take none. */
import { randomUUIDv7 } from 'node:crypto'
import { signedAs } from '@sallyport/core/admission'
import { documents, instantOf } from '@sallyport/core/protocol'
import type { Cancellation, Isolation } from '@sallyport/core/protocol'
import type { PinnedAgent } from './agents.ts'
import { deliver } from './deliver.ts'
import type { Operator } from './operator.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'
import { KEPT_MS } from './submit.ts'

/** Why, and how long the answer is waited for. */
export interface Word {
  readonly why: string
  /** Units: epoch milliseconds. */
  readonly untilMs: number
}

/** Cancels a job; undefined when the agent did not answer in time. */
export async function cancel(
  operator: Operator,
  agent: PinnedAgent,
  { jobId, why, untilMs }: Word & { readonly jobId: string },
): Promise<VerifiedResult | undefined> {
  const nowMs = operator.now()
  const kind = documents.cancellation
  const document: Cancellation = {
    cancellationId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    jobId,
    why,
    issuedAt: instantOf(nowMs),
    readers: readersFor(operator, agent, signedAs(kind, {})),
  }
  const { cancellationId: envelopeId } = document
  const expiresAt = instantOf(nowMs + KEPT_MS)
  return deliver(operator, agent, { kind, document, envelopeId, expiresAt, untilMs })
}

/** Isolates an agent or lifts that; undefined when it did not answer in time. */
export async function isolate(
  operator: Operator,
  agent: PinnedAgent,
  { isIsolated, why, untilMs }: Word & { readonly isIsolated: boolean },
): Promise<VerifiedResult | undefined> {
  const nowMs = operator.now()
  const kind = documents.isolation
  const document: Isolation = {
    isolationId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    isIsolated,
    why,
    issuedAt: instantOf(nowMs),
    readers: readersFor(operator, agent, signedAs(kind, { isIsolated })),
  }
  const { isolationId: envelopeId } = document
  const expiresAt = instantOf(nowMs + KEPT_MS)
  return deliver(operator, agent, { kind, document, envelopeId, expiresAt, untilMs })
}
