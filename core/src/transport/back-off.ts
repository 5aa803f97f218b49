// SPDX-License-Identifier: Apache-2.0
/** How long to wait before trying again: exponential, with full jitter, so that many agents do not come back at once. */

/** Bounds of the waiting. */
export interface BackOffLimits {
  /** Upper end of the first wait. */
  readonly firstMs: number
  /** Upper end of any wait. */
  readonly maxMs: number
}

/** Waiting times of one series of attempts. */
export interface BackOff {
  /**
   * Milliseconds to wait now: any number below a ceiling that doubles each time. Where the other side said how long it
   * wants to be left alone, that long and as much again at random, so that those it said it to do not come together.
   */
  nextMs(atLeastMs?: number): number
  /** Begins anew after a success. */
  reset(): void
}

/** For a program that stays connected. */
export const DEFAULT_BACK_OFF: BackOffLimits = { firstMs: 1_000, maxMs: 30_000 }

/** Makes a series. `random` returns a number from 0 up to, not including, 1. */
export function makeBackOff(
  random: () => number,
  { firstMs, maxMs }: BackOffLimits = DEFAULT_BACK_OFF,
): BackOff {
  let ceilingMs = firstMs
  return {
    nextMs(atLeastMs = 0) {
      const waitMs = atLeastMs + random() * Math.max(ceilingMs, atLeastMs)
      ceilingMs = Math.min(ceilingMs * 2, maxMs)
      return waitMs
    },
    reset() {
      ceilingMs = firstMs
    },
  }
}
