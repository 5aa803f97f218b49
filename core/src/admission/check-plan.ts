// SPDX-License-Identifier: Apache-2.0
/** What was signed with a plan can be planned. Whether the plan still holds, the run finds out. */
import type { JobManifest } from '@sallyport/sdk'
import type { Job } from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

/** Checks that the job type has a plan where one was signed or is asked for. */
export function checkPlanSigned(
  { plan, step }: Pick<Job, 'plan' | 'step'>,
  { hasPlan }: Pick<JobManifest, 'hasPlan'>,
): Checked<true> {
  if ((step === 'plan' || plan !== null) && !hasPlan) return refuse('no_plan')
  return pass(true)
}
