// SPDX-License-Identifier: Apache-2.0
/** The bounds admission enforces. */

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Units: milliseconds. */
export const ADMISSION_LIMITS = {
  /** How far the clocks of operator and host may differ. */
  maxSkewMs: 30_000,
  /** The longest a job may be valid, from its signing on. */
  maxJobLifetimeMs: DAY,
  /** The longest an approval may be valid. */
  maxApprovalLifetimeMs: 400 * DAY,
  /** The longest a schedule may be valid. */
  maxScheduleLifetimeMs: 400 * DAY,
  /** The longest a release from quarantine may be valid. */
  maxReleaseLifetimeMs: DAY,
  /** The longest a pin of a binding may be valid. */
  maxPinLifetimeMs: DAY,
  /** The longest that operators' word about a restored hub may be valid. */
  maxRestorationLifetimeMs: 40 * DAY,
  /** How far this host's clock may stand before the highest time it has shown. */
  maxClockStepBackMs: 2 * MINUTE,
  /** The window of the per-job-type rate. */
  rateWindowMs: MINUTE,
} as const
