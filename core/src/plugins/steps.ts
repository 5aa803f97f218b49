// SPDX-License-Identifier: Apache-2.0
/** The steps of one job in their order. The plugin's process learns which step it is; it has no say in it. */
import { STEP_LIMITS, type JobManifest, type Step, type Verification } from '@sallyport/sdk'
import type { Plan, Refusal } from '../protocol/index.ts'
import { makeFailure } from './failure.ts'
import { driftBetween, driftByFailure, planIn } from './plan-drift.ts'
import type { KeptByRun, RunOutcome } from './ports.ts'
import type { RunEnd } from './sandbox/active-run.ts'
import type { GivenToStep } from './sandbox/frames.ts'
import { inconclusive, verificationOf } from './verification.ts'

const MAX_VERIFICATION_BYTES = 16_384

/** One step to make. */
export interface StepToMake {
  readonly step: Step
  readonly given: GivenToStep
  /** Of what it gives back, as JSON. */
  readonly maxOutputBytes: number
}

/** What the steps of a job are made with. */
export interface JobSteps {
  readonly job: JobManifest
  readonly signal: AbortSignal
  /** Whether the job only plans. */
  readonly isPlanOnly: boolean
  /** The plan that was signed. */
  readonly signedPlan: Plan | undefined
  /** There when the job is resumed. */
  readonly resume: KeptByRun | undefined
  /** Makes one step with handles of its own; never rejects. */
  make(step: StepToMake): Promise<RunEnd>
}

/** How the steps ended, but for the handles they used. */
export type StepsEnd =
  | { readonly ok: true; readonly output: unknown; readonly verification?: Verification }
  | RunFailed
  | { readonly ok: false; readonly refusal: Refusal }

type RunFailed = Extract<RunEnd, { ok: false }>

/** A plan to go by. */
type PlanEnd =
  | { readonly ok: true; readonly plan: unknown }
  | RunFailed
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * Makes the steps: plan and run, or resume; then verify. A job that only plans ends with its plan. One whose plan was
 * signed is planned again, and run by the signed plan, or refused where it does not come out the same.
 *
 * Trust: `run` is made at most once, and never in a job that is resumed. What a step gives back is bounded JSON, which the
 * agent hands to the next one; nothing of it decides about the order.
 * Why a failed second look fails no job: the run is over, and its output stands.
 */
export async function makeSteps(steps: JobSteps): Promise<StepsEnd> {
  const { job, resume } = steps
  const planned = await planOf(steps)
  if (!planned.ok) return planned
  const { plan } = planned
  if (steps.isPlanOnly) return { ok: true, output: plan }
  const { maxOutputBytes } = job.limits
  const given = resume === undefined ? { plan } : { plan, kept: resume.value }
  const step = resume === undefined ? 'run' : 'resume'
  const ran = await next(steps, { step, given, maxOutputBytes })
  if (!ran.ok || !job.hasVerify) return ran
  const verification = await verified(steps, { plan, output: ran.output })
  return { ...ran, verification }
}

/** A plan that was made is not made again: what `run` went by is what `resume` must go by. */
async function planOf(steps: JobSteps): Promise<PlanEnd> {
  const { job, resume, signedPlan: signed } = steps
  if (resume !== undefined) return { ok: true, plan: resume.plan }
  if (!job.hasPlan) return { ok: true, plan: undefined }
  const maxOutputBytes = STEP_LIMITS.maxPlanBytes
  const end = await next(steps, { step: 'plan', given: {}, maxOutputBytes })
  if (!end.ok) {
    const refusal = signed && driftByFailure(end.failure)
    return refusal === undefined ? end : { ok: false, refusal }
  }
  const found = planIn(end.output)
  if (found === undefined) return badPlan()
  const refusal = signed && driftBetween(signed, found)
  return refusal === undefined ? { ok: true, plan: signed ?? found } : { ok: false, refusal }
}

function badPlan(): RunFailed {
  const message = 'what plan returned is not changes and state as they can be signed'
  return { ok: false, failure: makeFailure('ERR_PLAN_FORM', message) }
}

async function verified(steps: JobSteps, given: GivenToStep): Promise<Verification> {
  const maxOutputBytes = MAX_VERIFICATION_BYTES
  const end = await next(steps, { step: 'verify', given, maxOutputBytes })
  return end.ok ? verificationOf(end.output) : inconclusive(end.failure)
}

/** Why looked at here: no step begins after the job was cancelled between two of them. */
function next(steps: JobSteps, step: StepToMake): Promise<RunEnd> {
  if (!steps.signal.aborted) return steps.make(step)
  const failure = makeFailure('ERR_RUN_CANCELLED', 'the run was cancelled')
  return Promise.resolve({ ok: false, failure })
}

/** The outcome of steps that ended. */
export function outcomeOfSteps(end: StepsEnd, handlesUsed: string[]): RunOutcome {
  if (!end.ok && 'refusal' in end) return { state: 'refused', refusal: end.refusal }
  if (!end.ok) return { state: 'failed', failure: end.failure, handlesUsed }
  const { output, verification } = end
  return { state: 'done', output, ...(verification && { verification }), handlesUsed }
}
