// SPDX-License-Identifier: Apache-2.0
/**
 * The deterministic layer: the core's protocol code in one process with seeded clock, network and disk (ADR 0019).
 *
 * A red seed is replayed with everything that happened in it by `npm run simulate -- --seed <n>`. That the simulation can
 * fail is shown by `mutations.ts`: `npm run simulate -- --mutations` breaks the core in each of those ways and says at
 * which seed that was found; all are found within the first hundreds.
 */
import { describe, expect, it } from '@jest/globals'
import { mutate, sourceOf } from '../support/mutation.ts'
import { MUTATIONS } from './mutations.ts'
import { RIGHT_JOBS } from './papers.ts'
import { simulate } from './simulate.ts'

const SEEDS = 10_000
const LANES = 2

/** Without these, a simulation would hold because nothing happens in it. */
const HAPPENS = [
  ...RIGHT_JOBS.map(({ name }) => `ran ${name}`),
  'resumed',
  'done',
  'failed ERR_BY_PLUGIN',
  'interrupted ERR_RUN_CANCELLED',
  'interrupted ERR_RUN_INTERRUPTED',
  ...[
    'bad_signature',
    'before_epoch',
    'cancelled',
    'clock_untrusted',
    'expired',
    'isolated',
    'lifetime',
    'not_a_reader',
    'not_approved',
    'not_requester',
    'plan_drifted',
    'plan_missing',
    'relabelled',
    'replayed',
    'revoked',
    'signatures_missing',
    'store_unavailable',
    'unknown_key',
    'unsealable',
    'wrong_audience',
    'wrong_role',
  ].map((reason) => `refused ${reason}`),
]

/** Of each kind of invariant one; the whole list takes minutes. */
const TRIED = [
  'keys are counted and not holders',
  'a resumed run runs again',
  'a run cut off by a crash is forgotten',
]

describe('the invariants', () => {
  it(`hold in ${SEEDS} seeds, in which everything that can happen does`, async () => {
    const { seedCount, verdicts, reached } = await simulate({
      from: 1,
      seedCount: SEEDS,
      laneCount: LANES,
    })
    const failed = verdicts.map(({ seed, violations }) => ({
      replay: `npm run simulate -- --seed ${seed}`,
      violations,
    }))
    expect(failed).toEqual([])
    expect(seedCount).toBe(SEEDS)
    expect([...reached.keys()]).toEqual(expect.arrayContaining(HAPPENS))
  }, 600_000)
})

describe('a core that is broken', () => {
  it.each(TRIED)(
    'is found out where %s',
    async (mutation) => {
      const tried = { from: 1, seedCount: 2_000, laneCount: LANES, mutation, maxFailures: 1 }
      const { verdicts } = await simulate(tried)
      expect(verdicts.length).toBeGreaterThan(0)
    },
    120_000,
  )

  it('could be broken in each of the ways that are written down', () => {
    for (const mutation of MUTATIONS) {
      const source = sourceOf(mutation)
      expect(mutate(source, mutation)).not.toBe(source)
    }
  })
})
