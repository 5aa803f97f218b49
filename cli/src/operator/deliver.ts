// SPDX-License-Identifier: Apache-2.0
/** Sends a document that is no job to one agent and waits for the answer that the agent signs. */
import { keepHead } from './heads.ts'
import type { PinnedAgent } from './agents.ts'
import { waitForAnswer } from './answers.ts'
import type { Operator } from './operator.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'
import { send } from './send.ts'
import type { Outgoing } from './send.ts'

/** Sends it; undefined when no answer came in time. Throws: ERR_RESULT_UNVERIFIED, ERR_HUB_…. */
export async function deliver<T>(
  operator: Operator,
  agent: PinnedAgent,
  { untilMs, ...outgoing }: Outgoing<T> & { readonly untilMs: number },
): Promise<VerifiedResult | undefined> {
  const { envelopeId, digest } = await send(operator, agent, outgoing)
  const view = await waitForAnswer(operator, envelopeId, { untilMs })
  if (view?.result == null) return undefined
  const answer = await openResult(operator, agent, view.result, { envelopeId, digest, jobId: null })
  await keepHead(operator.home, agent.agentId, answer.audit)
  return answer
}
