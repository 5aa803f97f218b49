// SPDX-License-Identifier: Apache-2.0
/** When a running agent looks at its schedules: after it was checked, and not while two programs have its identity. */
import { describe, expect, it } from '@jest/globals'
import type { SchedulingParts } from '../src/schedules.ts'
import { runSchedules } from '../src/schedules.ts'

/** Runs for a moment. Returns how often the schedules in the journal were looked at. */
async function looks(
  holdsSchedules: boolean,
  checked: () => Promise<void> = async () => {},
): Promise<number> {
  let count = 0
  const list = () => {
    count += 1
    return []
  }
  const nowMs = Date.now()
  const parts = {
    runner: {},
    record: { journal: { schedules: { list } } },
    admission: { clock: { now: () => nowMs, highest: () => nowMs } },
    audit: { checked },
    stop: { holdsSchedules },
    log: { warn: () => {} },
  } as unknown as SchedulingParts
  await runSchedules(parts, AbortSignal.timeout(100))
  return count
}

describe('the schedules of an agent', () => {
  it('are looked at once the hub has said that its state was not set back', async () => {
    expect(await looks(false)).toBeGreaterThan(0)
  })

  it('wait for that', async () => {
    expect(await looks(false, () => new Promise(() => {}))).toBe(0)
  })

  it('are not looked at while two programs run with its identity', async () => {
    expect(await looks(true)).toBe(0)
  })
})
