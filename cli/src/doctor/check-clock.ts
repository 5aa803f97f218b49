// SPDX-License-Identifier: Apache-2.0
/** Whether the clock of this machine can be right. */
import { failed, ok } from './finding.ts'
import type { Finding } from './finding.ts'

/** No correct clock stands before this program was written. */
const EARLIEST_MS = Date.parse('2026-11-01T00:00:00Z')

/** Looks at the clock; `highestMs` is the highest time an agent here has recorded, 0 when there is none. */
export function checkClock(nowMs: number, highestMs: number, maxStepBackMs: number): Finding[] {
  const remedy = 'set the clock (for example by NTP); until then no job runs here'
  const now = new Date(nowMs).toISOString()
  if (nowMs < EARLIEST_MS)
    return [failed('clock', `the clock says ${now}`, { code: 'clock_untrusted', remedy })]
  if (nowMs + maxStepBackMs < highestMs) {
    const text = `the clock says ${now}, but the agent here has seen ${new Date(highestMs).toISOString()}`
    return [failed('clock', text, { code: 'clock_untrusted', remedy })]
  }
  return [ok('clock', `clock ${now}`)]
}
