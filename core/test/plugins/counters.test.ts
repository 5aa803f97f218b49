// SPDX-License-Identifier: Apache-2.0
/** What plugins did, in plain numbers that stay few. */
import { describe, expect, it } from '@jest/globals'
import { Counters } from '../../src/plugins/counters.ts'

describe('Counters', () => {
  it('count runs, calls by kind and outcome, crashes and quarantines by plugin', () => {
    const counters = new Counters()
    for (const state of ['done', 'done', 'failed', 'refused'] as const) counters.ran('a', state)
    counters.called('a', { kind: 'exec', outcome: 'ok' })
    counters.called('a', { kind: 'exec', outcome: 'denied' })
    counters.called('a', { kind: 'none', outcome: 'denied' })
    counters.crashed('b')
    counters.quarantined('b')
    expect(counters.all()).toEqual({
      a: {
        runs: { done: 2, failed: 1, refused: 1 },
        crashCount: 0,
        quarantineCount: 0,
        handleCalls: {
          exec: { ok: 1, denied: 1, failed: 0 },
          none: { ok: 0, denied: 1, failed: 0 },
        },
      },
      b: {
        runs: { done: 0, failed: 0, refused: 0 },
        crashCount: 1,
        quarantineCount: 1,
        handleCalls: {},
      },
    })
  })

  it('count plugins beyond the sixty-fourth together', () => {
    const counters = new Counters()
    for (let n = 0; n < 100; n += 1) counters.ran(`plugin-${n}`, 'done')
    const all = counters.all()
    expect(Object.keys(all)).toHaveLength(65)
    expect(all['(others)']!.runs.done).toBe(36)
  })

  it('give numbers that no later count changes', () => {
    const counters = new Counters()
    counters.ran('a', 'done')
    const before = counters.all()
    counters.ran('a', 'done')
    expect(before['a']!.runs.done).toBe(1)
  })
})
