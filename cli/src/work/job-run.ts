// SPDX-License-Identifier: Apache-2.0
/** Plans a job where it can be, signs it, sends it, waits for the answer, verifies it and shows it; or leaves it for colleagues to sign too. */
import { followJob } from '../operator/follow-job.ts'
import type { Followed } from '../operator/follow-job.ts'
import { jobSignatures, sendJob } from '../operator/jobs.ts'
import type { Operator } from '../operator/operator.ts'
import { selfOf } from '../operator/people.ts'
import { needText } from '../operator/signatures.ts'
import { EXIT } from '../output/exit-codes.ts'
import { jobDocument } from '../output/job-document.ts'
import type { KnownJob } from '../output/known-job.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint, span } from '../output/words.ts'
import { jobAtHand } from './job-at-hand.ts'
import { reportAwaiting, untilSubmitted } from './job-awaiting.ts'
import type { TypedRequest } from './job-at-hand.ts'
import { planFirst, showPlan } from './plan-first.ts'
import type { PlanWishes } from './plan-first.ts'
import { showJob } from './show-job.ts'

/** What is to be run. */
export interface RunRequest extends TypedRequest, PlanWishes {
  /** Ten minutes unless given; a day where colleagues must sign too. */
  readonly lifetimeMs?: number | undefined
  readonly isWaiting: boolean
  /** Wait for the signatures of colleagues too. */
  readonly isPatient: boolean
  /** Ends after the plan. */
  readonly isDryRun: boolean
}

const LIFETIME_MS = 600_000
/** The longest that an agent accepts. */
const AWAITING_LIFETIME_MS = 86_400_000

/** Runs a job and returns the exit code. Throws: the problem of a job that did not end well. */
export async function jobRun(operator: Operator, talk: Talk, request: RunRequest): Promise<number> {
  const job = await jobAtHand(operator, talk, request)
  if (request.isDryRun) return showPlan(operator, talk, job, request)
  const { agent, jobType, input } = job
  const { standing } = await waiting(talk, 'asking the hub', () =>
    jobSignatures(operator, agent, { jobType, input }),
  )
  if (!standing.isComplete) talk.say(`${jobType} ${needText(standing, selfOf(operator).role)}`)
  const plan = await planFirst(operator, talk, job, request)
  const startedMs = performance.now()
  const usualMs = standing.isComplete ? LIFETIME_MS : AWAITING_LIFETIME_MS
  const { lifetimeMs = usualMs } = request
  const sent = await waiting(talk, 'giving the job to the hub', () =>
    sendJob(operator, agent, { jobType, input, lifetimeMs, plan }),
  )
  const key = fingerprint(operator.identity.signing.keyId)
  talk.say(
    `signed by ${operator.identity.name} (ed25519 ${key}) · sealed to ${agent.name} · valid ${span(lifetimeMs)}`,
  )
  if (sent.awaiting !== undefined) {
    if (!request.isPatient) return reportAwaiting(operator, talk, { agent, sent })
    await untilSubmitted(operator, talk, sent)
  }
  if (!request.isWaiting) return reportSent(operator, talk, { agent, sent, startedMs })
  return showJob(talk, await follow(operator, talk, { agent, sent, startedMs }, request.timeoutMs))
}

async function follow(
  operator: Operator,
  talk: Talk,
  job: Followed,
  timeoutMs: number,
): Promise<KnownJob> {
  const { name } = job.agent
  using _leaving = onInterrupt(
    `The job goes on without you. Find it again:\n  sallyport job watch ${job.sent.job.jobId}`,
    EXIT.unknown,
  )
  // Awaited here: the handler must stand until the answer is there.
  return await waiting(talk, `waiting for ${name}`, (wait) =>
    followJob(operator, job, {
      untilMs: operator.now() + timeoutMs,
      onChange: ({ state }) =>
        wait.now(`${state === 'delivered' ? 'running on' : 'waiting for'} ${name}`),
      onSilence: () => wait.now('the hub is out of reach, asking again'),
    }),
  )
}

function reportSent(operator: Operator, talk: Talk, { sent, agent }: Followed): number {
  const { job, digest } = sent
  // Not over is no problem here: nobody wanted to wait.
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
  talk.answer(document, () => `queued ${job.jobId}\n  sallyport job watch ${job.jobId}`)
  return EXIT.done
}
