// SPDX-License-Identifier: Apache-2.0
/** Has an agent plan a job, and reads the plan from its verified answer. */
import { Plan } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { jobProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import type { PinnedAgent } from './agents.ts'
import { followJob } from './follow-job.ts'
import { sendJob } from './jobs.ts'
import type { Operator } from './operator.ts'

/** A job to plan, with the time to wait for it. */
export interface JobToPlan {
  readonly jobType: string
  readonly input: Job['input']
  readonly timeoutMs: number
}

/** A plan, and when the agent made it. */
export interface PlannedJob {
  readonly plan: Plan
  /** The job that planned. */
  readonly jobId: string
  /** RFC 3339, by the clock of the agent. */
  readonly plannedAt: string
}

/**
 * Signs a job that only plans, sends it, waits, verifies, and returns the plan.
 *
 * Trust: the words in it are the plugin's; what is signed later is exactly this plan, and the agent holds it against what
 * it finds then.
 * Throws: the problem of a job that did not end well.
 */
export async function planJob(
  operator: Operator,
  agent: PinnedAgent,
  { jobType, input, timeoutMs }: JobToPlan,
): Promise<PlannedJob> {
  const startedMs = performance.now()
  const request = { jobType, input, lifetimeMs: timeoutMs, step: 'plan' as const }
  const sent = await sendJob(operator, agent, request)
  const patience = { untilMs: operator.now() + timeoutMs }
  const known = await followJob(operator, { agent, sent, startedMs }, patience)
  const problem = jobProblem(known)
  if (problem !== undefined) throw problem
  const { output, finishedAt } = known.answer!.result
  const plan = Plan.safeParse(output)
  if (!plan.success) throw noPlan(jobType, agent.name)
  return { plan: plan.data, jobId: sent.job.jobId, plannedAt: finishedAt }
}

/** Why: an agent of an older version runs the job where a newer one would plan it. */
function noPlan(jobType: string, agent: string): Problem {
  return new Problem(
    'ERR_PLAN_FORM',
    `${agent} answered ${jobType} with something else than a plan`,
    {
      exit: EXIT.failed,
      unharmed: 'Nothing further was signed or sent.',
      remedy: 'Bring the agent to the version of this command line.',
    },
  )
}
