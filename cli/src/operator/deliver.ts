// SPDX-License-Identifier: Apache-2.0
/** Sends a document that is no job to one agent and waits for the answer that the agent signs; or leaves it for more signatures. */
import { signedAs } from '@sallyport/core/admission'
import { keepHead } from './heads.ts'
import type { PinnedAgent } from './agents.ts'
import { waitForAnswer } from './answers.ts'
import { awaitingProblem } from './awaiting.ts'
import type { Operator } from './operator.ts'
import { selfOf } from './people.ts'
import { propose } from './proposals.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'
import { send } from './send.ts'
import type { Outgoing } from './send.ts'
import { signatureStanding } from './signatures.ts'
import type { ToSign } from './signatures.ts'

/** A document to deliver, and how long its answer is waited for. */
export interface Delivering<T> extends Outgoing<T> {
  /** Units: epoch milliseconds. */
  readonly untilMs: number
  /** What it counts as where signatures are counted; that of its kind unless given. */
  readonly signed?: ToSign
}

/**
 * Sends it; undefined when no answer came in time.
 *
 * Throws: ERR_AWAITING when one signature is not enough: it was left for colleagues then. ERR_RESULT_UNVERIFIED, ERR_HUB_….
 */
export async function deliver<T>(
  operator: Operator,
  agent: PinnedAgent,
  { untilMs, signed, ...outgoing }: Delivering<T>,
): Promise<VerifiedResult | undefined> {
  await expectEnough(operator, outgoing, signed)
  const { envelopeId, digest } = await send(operator, agent, outgoing)
  const view = await waitForAnswer(operator, envelopeId, { untilMs })
  if (view?.result == null) return undefined
  const answer = await openResult(operator, agent, view.result, { envelopeId, digest, jobId: null })
  await keepHead(operator.home, agent.agentId, answer.audit)
  return answer
}

async function expectEnough<T>(
  operator: Operator,
  { kind, document, envelopeId: id, expiresAt }: Outgoing<T>,
  signed: ToSign = signedAs(kind, document),
): Promise<void> {
  const standing = signatureStanding(signed, [selfOf(operator)], operator.trust)
  if (standing.isComplete) return
  await propose(operator, { kind, document, id, expiresAt })
  throw awaitingProblem(operator, { id, standing })
}
