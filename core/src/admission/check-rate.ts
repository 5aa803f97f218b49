// SPDX-License-Identifier: Apache-2.0
/** The job type has runs left in this minute. */
import { ask, pass, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { RateStore } from './ports.ts'

/**
 * Checks the rate of one job type.
 *
 * Why: the last check, so that only jobs which would otherwise run are counted.
 */
export function checkRate(
  jobType: string,
  limit: { perMinute: number; nowMs: number },
  store: RateStore,
): Checked<true> {
  const since = limit.nowMs - ADMISSION_LIMITS.rateWindowMs
  const count = ask(() => store.admittedSince(jobType, since))
  if (!count.ok) return count
  const { perMinute } = limit
  return count.value < perMinute ? pass(true) : refuse('rate_limited', { jobType, perMinute })
}
