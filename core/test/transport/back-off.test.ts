// SPDX-License-Identifier: Apache-2.0
/** Waiting times. */
import { describe, expect, it } from '@jest/globals'
import { makeBackOff } from '@sallyport/core/transport'

const LIMITS = { firstMs: 100, maxMs: 1_000 }

describe('back-off', () => {
  it('doubles its ceiling up to a limit', () => {
    const backOff = makeBackOff(() => 0.999_999, LIMITS)
    const waits = Array.from({ length: 6 }, () => Math.ceil(backOff.nextMs()))
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('draws from the whole range below the ceiling', () => {
    const draws = [0, 0.5, 0.25]
    const backOff = makeBackOff(() => draws.shift() ?? 0, LIMITS)
    expect([backOff.nextMs(), backOff.nextMs(), backOff.nextMs()]).toEqual([0, 100, 100])
  })

  it('waits as long as it was told to and up to as much again, or up to the ceiling where that is higher', () => {
    const draws = [0, 0.5, 0.999_999, 0.999_999]
    const backOff = makeBackOff(() => draws.shift() ?? 0, LIMITS)
    const told = [5_000, 5_000, 5_000, 500].map((ms) => Math.ceil(backOff.nextMs(ms)))
    expect(told).toEqual([5_000, 7_500, 10_000, 1_300])
  })

  it('begins anew after a success', () => {
    const backOff = makeBackOff(() => 0.5, LIMITS)
    backOff.nextMs()
    backOff.nextMs()
    backOff.reset()
    expect(backOff.nextMs()).toBe(50)
  })
})
