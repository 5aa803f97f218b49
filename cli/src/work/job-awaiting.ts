// SPDX-License-Identifier: Apache-2.0
/** A job that waits for colleagues: what is said of it, and waiting with it. */
import { setTimeout as pause } from 'node:timers/promises'
import { hubRefusalOf, isPassing } from '@sallyport/core/transport'
import type { PinnedAgent } from '../operator/agents.ts'
import { awaitingJson, awaitingText } from '../operator/awaiting.ts'
import type { SentJob } from '../operator/jobs.ts'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import { jobDocument } from '../output/job-document.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

const ASK_EVERY_MS = 2_000

/** Says what is missing and what the colleague types. */
export function reportAwaiting(
  operator: Operator,
  talk: Talk,
  { sent, agent }: { sent: SentJob; agent: PinnedAgent },
): number {
  const { job, digest } = sent
  const awaiting = { id: job.jobId, standing: sent.awaiting! }
  const { error: _, ...document } = jobDocument({
    job,
    digest,
    signer: operator.identity.name,
    agent,
    envelopeState: 'queued',
    times: { queuedAt: job.issuedAt, deliveredAt: null, answeredAt: null },
    answer: undefined,
    doubt: undefined,
  })
  const shown = { ...document, state: 'awaiting', awaiting: awaitingJson(awaiting) }
  talk.answer(shown, () => awaitingText(operator, awaiting))
  return EXIT.done
}

/** Waits until a colleague has given the job to the agent. Throws: ERR_EXPIRED. */
export async function untilSubmitted(
  operator: Operator,
  talk: Talk,
  { job, awaiting }: SentJob,
): Promise<void> {
  talk.say(awaitingText(operator, { id: job.jobId, standing: awaiting! }))
  using _leaving = onInterrupt(
    `It goes on waiting without you. See it:\n  sallyport job review ${job.jobId}`,
    EXIT.unknown,
  )
  await waiting(talk, 'waiting for the signatures', async () => {
    while (!(await isThere(operator, job.jobId))) {
      if (operator.now() > Date.parse(job.expiresAt)) throw expired(job.expiresAt)
      await pause(ASK_EVERY_MS)
    }
  })
}

/** A hub that is away for a moment does not end the waiting. */
async function isThere({ hub }: Operator, jobId: string): Promise<boolean> {
  try {
    await hub.showEnvelope(jobId)
    return true
  } catch (error) {
    if (hubRefusalOf(error)?.status === 404 || isPassing(error)) return false
    throw error
  }
}

function expired(at: string): Problem {
  return new Problem('ERR_EXPIRED', 'not enough people signed before it expired', {
    exit: EXIT.refused,
    details: { expired: at },
    unharmed: 'Nothing was given to an agent.',
    remedy: 'Ask your colleague, then run it anew.',
  })
}
