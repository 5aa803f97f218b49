// SPDX-License-Identifier: Apache-2.0
/** The signed word that the hub was restored, so that agents no longer doubt it for that. */
import { randomUUIDv7 } from 'node:crypto'
import { signedAs } from '@sallyport/core/admission'
import { judgeGrowth } from '@sallyport/core/audit'
import { decodeBase64url, documents, instantOf } from '@sallyport/core/protocol'
import type { HubRestoration } from '@sallyport/core/protocol'
import type { HubHead } from '@sallyport/core/transport'
import type { PinnedAgent } from './agents.ts'
import { deliver } from './deliver.ts'
import { forEachAgent } from './each-agent.ts'
import type { AgentOutcome } from './each-agent.ts'
import { holdHub } from './hub-log.ts'
import type { Operator } from './operator.ts'
import { readersFor } from './send.ts'
import { KEPT_MS } from './submit.ts'

/** For which agents the word was left. */
export interface Announced {
  readonly outcomes: readonly AgentOutcome<void>[]
  /** Why for none: the hub did not sign what it shows. */
  readonly doubt?: string
}

/**
 * Leaves the word for each agent; nobody waits for the answers.
 *
 * Trust: the head in it is one that this operator was shown, under the key that this operator knows the hub by.
 * A hub that shows none has given its word for nothing, and no agent is told to believe it.
 */
export async function announceRestoration(
  operator: Operator,
  agents: readonly PinnedAgent[],
  epoch: number,
): Promise<Announced> {
  const { key, head } = await holdHub(operator)
  const doubt = judgeGrowth(decodeBase64url(key), { old: undefined, note: head.note, path: [] })
  if (doubt !== undefined) return { outcomes: [], doubt }
  const said = { epoch, key, head }
  return { outcomes: await forEachAgent(agents, (agent) => announce(operator, agent, said)) }
}

async function announce(
  operator: Operator,
  agent: PinnedAgent,
  { epoch, key, head }: { epoch: number; key: string; head: HubHead },
): Promise<void> {
  const nowMs = operator.now()
  const kind = documents.hubRestoration
  const document: HubRestoration = {
    restorationId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    epoch,
    hubKey: key,
    hubHead: head.note,
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + KEPT_MS),
    readers: readersFor(operator, agent, signedAs(kind, {})),
  }
  const { restorationId: envelopeId, expiresAt } = document
  await deliver(operator, agent, { kind, document, envelopeId, expiresAt, untilMs: nowMs })
}
