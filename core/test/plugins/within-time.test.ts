// SPDX-License-Identifier: Apache-2.0
/** A calculation is given up for the time it takes, and not for the time that the host takes from it. */
import { describe, expect, it } from '@jest/globals'
import { withinTime } from '../../src/plugins/within-time.ts'

/** Stands still without calculating, as on a host that is stopped. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('withinTime', () => {
  it('calculates again where the host stood still', () => {
    let callCount = 0
    const calculate = (): string => {
      callCount += 1
      if (callCount === 1) standStill(2_000)
      return 'right'
    }
    expect(withinTime(100, calculate)).toBe('right')
    expect(callCount).toBe(2)
  })

  it('gives up what stands still each time', () => {
    let callCount = 0
    const calculate = (): void => {
      callCount += 1
      standStill(2_000)
    }
    expect(() => withinTime(100, calculate)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(callCount).toBe(5)
  })

  it('gives up what calculates without an end', () => {
    const calculate = (): void => {
      for (;;);
    }
    expect(() => withinTime(200, calculate)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  })

  it('calculates again what calculates within it', () => {
    let callCount = 0
    const calculate = (): number => {
      const inner = withinTime(1_000, () => 20)
      callCount += 1
      if (callCount === 1) standStill(2_000)
      return inner + 1
    }
    expect(withinTime(100, calculate)).toBe(21)
    expect(callCount).toBe(2)
  })
})
