// SPDX-License-Identifier: Apache-2.0
/** Follows a job that was just sent to its verified answer. */
import type { EnvelopeView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { KnownJob } from '../output/known-job.ts'
import type { PinnedAgent } from './agents.ts'
import { waitForAnswer } from './answers.ts'
import type { Patience } from './answers.ts'
import { keepHead } from './heads.ts'
import type { SentJob } from './jobs.ts'
import type { Operator } from './operator.ts'
import { noteQuarantine } from './releases.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'

/** A job on its way. */
export interface Followed {
  readonly agent: PinnedAgent
  readonly sent: SentJob
  /** By `performance.now()`, when the command began. */
  readonly startedMs: number
}

/**
 * Waits for the answer and verifies it against what was signed here.
 *
 * Trust: of the envelope that the hub shows only the answer is read; the job is known from its signing.
 */
export async function followJob(
  operator: Operator,
  { agent, sent, startedMs }: Followed,
  patience: Patience,
): Promise<KnownJob> {
  const view = await waitForAnswer(operator, sent.job.jobId, patience)
  const { answer, doubt } = await readAnswer(operator, { agent, sent }, view)
  if (answer !== undefined) {
    await keepHead(operator.home, agent.agentId, answer.audit)
    await noteQuarantine(operator.home, agent.agentId, answer.result)
  }
  return {
    job: sent.job,
    digest: sent.digest,
    signer: operator.identity.name,
    agent,
    envelopeState: view?.state ?? 'queued',
    times: {
      queuedMs: sent.preparedMs + sent.queuedMs,
      queuedAt: view?.queuedAt ?? sent.job.issuedAt,
      deliveredAt: view?.deliveredAt ?? null,
      answeredAt: view?.answeredAt ?? null,
      totalMs: performance.now() - startedMs,
    },
    answer,
    doubt,
  }
}

async function readAnswer(
  operator: Operator,
  { agent, sent }: { agent: PinnedAgent; sent: SentJob },
  view: EnvelopeView | undefined,
): Promise<{ answer?: VerifiedResult; doubt?: string }> {
  if (view?.result == null) return {}
  const { jobId } = sent.job
  try {
    const question = { envelopeId: jobId, digest: sent.digest, jobId }
    return { answer: await openResult(operator, agent, view.result, question) }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { doubt: error.message }
  }
}
