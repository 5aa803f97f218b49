// SPDX-License-Identifier: Apache-2.0
/** What was signed with a plan can be planned. Whether the plan still holds, the run finds out. */
import type { JobManifest } from '@sallyport/sdk'
import type { Job } from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

/** Checks that the job type has a plan where one was signed or is asked for, and that what destroys was planned. */
export function checkPlanSigned(
  { plan, step }: Pick<Job, 'plan' | 'step'>,
  { hasPlan, effect }: Pick<JobManifest, 'hasPlan' | 'effect'>,
): Checked<true> {
  if ((step === 'plan' || plan !== null) && !hasPlan) return refuse('no_plan')
  const isUnplanned = step === 'run' && plan === null
  return effect === 'destroy' && isUnplanned ? refuse('plan_missing', { hasPlan }) : pass(true)
}
