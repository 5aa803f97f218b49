// SPDX-License-Identifier: Apache-2.0
/** Pauses after crashes: none, then longer and longer, up to a bound. */
import { describe, expect, it } from '@jest/globals'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'

describe('CrashBackOff', () => {
  it('forgives the first crash and doubles the pause from the second on, from 1 s to 5 min', () => {
    const backOff = new CrashBackOff()
    const pauses = Array.from({ length: 13 }, () => {
      backOff.crashed('d', 0)
      return backOff.waitMs('d', 0)
    })
    expect(pauses.slice(0, 5)).toEqual([0, 1_000, 2_000, 4_000, 8_000])
    expect(pauses.slice(-2)).toEqual([300_000, 300_000])
  })

  it('counts the pause down', () => {
    const backOff = new CrashBackOff()
    backOff.crashed('d', 0)
    backOff.crashed('d', 100)
    expect(backOff.waitMs('d', 600)).toBe(500)
    expect(backOff.waitMs('d', 1_100)).toBe(0)
  })

  it('forgets when a run went well, and knows plugins apart', () => {
    const backOff = new CrashBackOff()
    for (const digest of ['d', 'd', 'e']) backOff.crashed(digest, 0)
    backOff.recovered('d')
    backOff.crashed('d', 0)
    expect(backOff.waitMs('d', 0)).toBe(0)
    backOff.crashed('e', 0)
    expect(backOff.waitMs('e', 0)).toBe(1_000)
  })
})
