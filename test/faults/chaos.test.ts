// SPDX-License-Identifier: Apache-2.0
/** A few seconds of chaos. `npm run chaos` does it for minutes, and on PostgreSQL; docs/operations.md has the figures. */
import { describe, expect, it } from '@jest/globals'
import { History } from '../chaos/history.ts'
import { runChaos } from '../chaos/run-chaos.ts'
import { patient } from '../support/patience.ts'

const SEED = 32
const LENGTH_MS = 12_000

describe('hub and agents killed, frozen and cut off, on lines that lose, delay and repeat', () => {
  it('end every accepted job in exactly one state, with at most one effect', async () => {
    const history = new History()
    const { violations, ...report } = await runChaos(
      {
        seed: SEED,
        agentCount: 4,
        hubCount: 1,
        hasPostgres: false,
        hasRedis: false,
        course: { kind: 'everything', lengthMs: LENGTH_MS },
        patienceMs: patient(60_000),
      },
      history,
    )
    expect({ seed: SEED, violations }).toEqual({ seed: SEED, violations: [] })
    expect(report.acceptedCount).toBeGreaterThan(10)
    expect(report.ends['done']).toBeGreaterThan(10)
    expect(report.troubleCount).toBeGreaterThan(3)
    expect(report.wireTroubleCount).toBeGreaterThan(10)
  })
})
