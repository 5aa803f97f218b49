// SPDX-License-Identifier: Apache-2.0
/** Plans a job before it is signed: shows what it would do, and asks where it destroys. */
import type { Job, Plan } from '@sallyport/core/protocol'
import type { JobManifest } from '@sallyport/sdk'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { planJob } from '../operator/plan-job.ts'
import type { PlannedJob } from '../operator/plan-job.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { jobCommand } from '../output/job-command.ts'
import { planScreen, stateDigest } from '../output/plan-screen.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** The job that is to be run or planned. */
export interface JobAtHand {
  readonly agent: PinnedAgent
  readonly jobType: string
  readonly input: Job['input']
  /** Undefined when its plugin was not approved from this machine. */
  readonly manifest: JobManifest | undefined
}

/** How it is to be planned. */
export interface PlanWishes {
  readonly timeoutMs: number
  /** Says yes beforehand. */
  readonly isAgreed: boolean
  /** Leave the plan out, where the job type may do without. */
  readonly isUnplanned: boolean
}

/**
 * Whether a job is planned before it is run: when its type can, and changes something.
 *
 * Throws: ERR_USAGE where it destroys and shall not be planned.
 */
export function isPlannedFirst(
  { jobType, manifest }: JobAtHand,
  { isUnplanned }: PlanWishes,
): boolean {
  if (isUnplanned && manifest?.effect === 'destroy') throw mustPlan(jobType)
  return !isUnplanned && manifest?.hasPlan === true && manifest.effect !== 'read'
}

/**
 * The plan that is signed with a job; null where it is not planned first. A plan is shown; before one that destroys the
 * person is asked.
 *
 * Throws: ERR_USAGE, ERR_NOT_CONFIRMED, ERR_CONFIRMATION_NEEDED, and the problem of a plan that did not end well.
 */
export async function planFirst(
  operator: Operator,
  talk: Talk,
  job: JobAtHand,
  wishes: PlanWishes,
): Promise<Plan | null> {
  if (!isPlannedFirst(job, wishes)) return null
  const planned = await plan(operator, talk, job, wishes)
  const shown = screenOf(operator, talk, { job, planned })
  if (job.manifest?.effect !== 'destroy') {
    talk.say(`${shown}\n`)
    return planned.plan
  }
  const warned = `${shown}\n\n${talk.aside.warn('This destroys data.')}`
  const question = `Sign as ${operator.identity.name}?`
  const { isAgreed } = wishes
  const unharmed = 'Nothing was changed; only the plan was asked for.'
  await confirmOrStop(talk, { shown: warned, question, isAgreed, unharmed })
  return planned.plan
}

/** Plans a job and answers with the plan, and with the command line that signs it. Returns the exit code. */
export async function showPlan(
  operator: Operator,
  talk: Talk,
  job: JobAtHand,
  wishes: Pick<PlanWishes, 'timeoutMs'>,
): Promise<number> {
  if (job.manifest?.hasPlan === false) throw cannotPlan(job)
  const planned = await plan(operator, talk, job, wishes)
  const command = jobCommand('run', { ...job, agent: job.agent.name })
  const document = planDocument(job, planned, command)
  const nowMs = operator.now()
  talk.answer(document, () => {
    const origin = { agent: job.agent.name, plannedAtMs: Date.parse(planned.plannedAt), nowMs }
    return planScreen(planned.plan, origin, talk.paint)
  })
  talk.say(`\nNothing was changed. To sign it, which plans once more:\n  ${command}`)
  return EXIT.done
}

function plan(
  operator: Operator,
  talk: Talk,
  { agent, jobType, input }: JobAtHand,
  { timeoutMs }: Pick<PlanWishes, 'timeoutMs'>,
): Promise<PlannedJob> {
  return waiting(talk, `${agent.name} plans`, () =>
    planJob(operator, agent, { jobType, input, timeoutMs }),
  )
}

function screenOf(
  operator: Operator,
  talk: Talk,
  { job, planned }: { job: JobAtHand; planned: PlannedJob },
): string {
  const plannedAtMs = Date.parse(planned.plannedAt)
  const origin = { agent: job.agent.name, plannedAtMs, nowMs: operator.now() }
  return planScreen(planned.plan, origin, talk.aside)
}

function planDocument(
  { agent, jobType, input, manifest }: JobAtHand,
  { plan: made, jobId, plannedAt }: PlannedJob,
  command: string,
): object {
  return {
    format: 'sallyport.plan/1',
    jobId,
    jobType,
    agent: { name: agent.name, agentId: agent.agentId },
    input,
    effect: manifest?.effect ?? null,
    plannedAt,
    plan: made,
    stateDigest: stateDigest(made),
    command,
  }
}

function mustPlan(jobType: string): Problem {
  return new Problem(
    'ERR_USAGE',
    `${jobType} destroys, and is signed with its plan or not at all`,
    {
      exit: EXIT.usage,
      unharmed: 'Nothing was signed or sent.',
      remedy: 'Leave --no-plan out.',
    },
  )
}

function cannotPlan({ jobType, agent, input }: JobAtHand): Problem {
  return new Problem('no_plan', `${jobType} cannot say beforehand what it would do`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Run it without a plan:',
    commands: [jobCommand('run', { jobType, agent: agent.name, input })],
  })
}
