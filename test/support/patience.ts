// SPDX-License-Identifier: Apache-2.0
/** Loaded by Jest before each suite that starts programs: they may take longer than a unit suite. */
import { jest } from '@jest/globals'
import { availableParallelism, loadavg } from 'node:os'

jest.setTimeout(120_000)

/** A bound that is meant for a quiet machine, wider where more work waits than there are cores. Units: milliseconds. */
export function patient(quietMs: number): number {
  return quietMs * Math.max(1, loadavg()[0]! / availableParallelism())
}
