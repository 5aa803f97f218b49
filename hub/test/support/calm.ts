// SPDX-License-Identifier: Apache-2.0
/** Limits under which one address may attempt as much as the suites of everything else do. */
import type { HubLimits } from '../../src/limits.ts'

const MUCH = 1_000_000

/** For hubs whose suites do not look at attempts. */
export const CALM: Partial<HubLimits> = {
  backOffAfter: MUCH,
  penaltyAfter: MUCH,
  lockOutAfter: MUCH,
  requestsPerSource: MUCH,
  sessionsPerSource: MUCH,
  enrolmentsPerSource: MUCH,
}
