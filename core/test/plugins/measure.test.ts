// SPDX-License-Identifier: Apache-2.0
/** The times of plugins on this host. */
import { describe, expect, it } from '@jest/globals'
import { measurePlugins, measurement } from '../../src/plugins/measure.ts'

describe('measurePlugins', () => {
  it('tells a start from a run and a run from a call', async () => {
    const measured = await measurePlugins(2)
    expect(measured.map(({ tryCount }) => tryCount)).toEqual([2, 2, 100])
    const [start, run, call] = measured.map(({ p50Ms }) => p50Ms)
    expect(start).toBeGreaterThan(run!)
    expect(call).toBeGreaterThan(0)
  })
})

describe('measurement', () => {
  it('takes the middle and what one in twenty exceeds', () => {
    const times = Array.from({ length: 100 }, (_, n) => 100 - n)
    expect(measurement('x', times)).toEqual({ name: 'x', tryCount: 100, p50Ms: 50, p95Ms: 95 })
    expect(measurement('x', [7])).toEqual({ name: 'x', tryCount: 1, p50Ms: 7, p95Ms: 7 })
  })
})
