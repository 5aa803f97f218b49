// SPDX-License-Identifier: Apache-2.0
/** Shows what a job would do. */
import type { Operator } from '../operator/operator.ts'
import type { Talk } from '../output/talk.ts'
import { jobAtHand } from './job-at-hand.ts'
import type { TypedRequest } from './job-at-hand.ts'
import { showPlan } from './plan-first.ts'

/** Plans a job, shows the plan and how to sign it. Returns the exit code. */
export async function jobPlan(
  operator: Operator,
  talk: Talk,
  request: TypedRequest & { readonly timeoutMs: number },
): Promise<number> {
  return showPlan(operator, talk, await jobAtHand(operator, talk, request), request)
}
