// SPDX-License-Identifier: Apache-2.0
/** A small fleet loses its hub and comes back. `npm run fleet` does it with thousands; docs/operations.md has the figures. */
import { describe, expect, it } from '@jest/globals'
import { runFleet } from '../fleet/run-fleet.ts'
import { patient } from '../support/patience.ts'

const AGENT_COUNT = 120
const JOB_COUNT = 5

describe('a hub that is killed while it holds the polls of a fleet', () => {
  it('has all of it back, answers the first job at once, and no job took effect twice', async () => {
    const report = await runFleet({
      agentCount: AGENT_COUNT,
      crowdCount: 1,
      rampMs: 1_000,
      idleMs: 0,
      jobCount: JOB_COUNT,
      restart: 'SIGKILL',
      patienceMs: patient(30_000),
    })
    expect(report).toMatchObject({
      connectedMs: expect.any(Number),
      effectCount: JOB_COUNT + 1,
      answeredCount: JOB_COUNT + 1,
      restart: { back95Ms: expect.any(Number), backAllMs: expect.any(Number) },
    })
    expect(report.restart!.firstJobMs).toBeLessThan(patient(1_000))
    expect(report.restart!.peakRssMib).toBeLessThan(400)
  })
})
