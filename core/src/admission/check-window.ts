// SPDX-License-Identifier: Apache-2.0
/** The document is valid now, by a clock that cannot be turned back unnoticed. */
import { epochMs } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { HighWaterClock } from './ports.ts'

/** The validity window of a document. */
export interface Window {
  readonly issuedAt: string
  readonly notBefore: string
  readonly expiresAt: string
}

/**
 * Checks the window and returns the time to go by.
 *
 * Time: both bounds are inclusive and widened by the accepted skew. The highest time ever shown counts as now where
 * the clock stands a little before it; a clock further back is refused.
 * Units: the value is epoch milliseconds.
 */
export function checkWindow(
  window: Window,
  maxLifetimeMs: number,
  clock: HighWaterClock,
): Checked<number> {
  const time = trustedNow(clock)
  if (!time.ok) return time
  const [issued, begins, ends] = [window.issuedAt, window.notBefore, window.expiresAt].map(
    epochMs,
  ) as [number, number, number]
  if (ends <= begins || begins < issued) return refuse('malformed', { window: 'out of order' })
  if (ends - issued > maxLifetimeMs) return refuse('lifetime', { maxLifetimeMs })
  const { maxSkewMs } = ADMISSION_LIMITS
  if (begins > time.value + maxSkewMs) {
    return refuse('from_future', { notBefore: window.notBefore, aheadMs: begins - time.value })
  }
  if (time.value > ends + maxSkewMs) {
    return refuse('expired', { expiresAt: window.expiresAt, lateMs: time.value - ends })
  }
  return time
}

/**
 * Checks that a document without an end is not from the future.
 *
 * Time: the highest time ever shown counts as now where the clock stands before it, however far: a clock that was turned
 * back must not keep out what can only forbid.
 */
export function checkBegun(issuedAt: string, clock: HighWaterClock): Checked<true> {
  const times = ask(() => Math.max(clock.now(), clock.highest()))
  if (!times.ok) return times
  const aheadMs = epochMs(issuedAt) - times.value
  if (aheadMs <= ADMISSION_LIMITS.maxSkewMs) return pass(true)
  return Number.isFinite(aheadMs)
    ? refuse('from_future', { issuedAt, aheadMs })
    : refuse('clock_untrusted')
}

function trustedNow(clock: HighWaterClock): Checked<number> {
  const times = ask(() => ({ now: clock.now(), highest: clock.highest() }))
  if (!times.ok) return times
  const { now, highest } = times.value
  if (!Number.isFinite(now) || now < highest - ADMISSION_LIMITS.maxClockStepBackMs) {
    return refuse('clock_untrusted', { behindMs: highest - now })
  }
  return pass(Math.max(now, highest))
}
