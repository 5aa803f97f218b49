// SPDX-License-Identifier: Apache-2.0
/** A plan as people see it. */
import { describe, expect, it } from '@jest/globals'
import type { Plan } from '@sallyport/core/protocol'
import { PLAIN } from '../../src/output/paint.ts'
import { planLines, planScreen } from '../../src/output/plan-screen.ts'

const plan: Plan = {
  changes: [
    { op: 'remove', what: 'guest 102 "photos" (lxc, stopped, 2 cores, 4.0 GiB)' },
    { op: 'add', what: 'volume local-lvm:vm-103-disk-0, 32.0 GiB' },
    { op: 'change', what: 'cores of guest 104', from: '2', to: '4' },
    { op: 'warn', what: 'last backup', to: '2026-11-13T01:00:00Z, on nas' },
    { op: 'note', what: 'owner of guest 104', from: 'nobody' },
  ],
  state: { status: 'stopped' },
}

const ORIGIN = { agent: 'pve1', plannedAtMs: 1_000, nowMs: 4_000 }

describe('the lines of a plan', () => {
  it('read like a diff', () => {
    expect(planLines(plan, PLAIN)).toEqual([
      '  - guest 102 "photos" (lxc, stopped, 2 cores, 4.0 GiB)',
      '  + volume local-lvm:vm-103-disk-0, 32.0 GiB',
      '  ~ cores of guest 104: 2 → 4',
      '  ! last backup: 2026-11-13T01:00:00Z, on nas',
      '    owner of guest 104, was nobody',
    ])
  })

  it('have colours that say what their marks say', () => {
    const named = (name: string) => (text: string) => `<${name}>${text}`
    const paint = { ...PLAIN, good: named('good'), bad: named('bad'), warn: named('warn') }
    const lines = planLines(plan, paint)
    expect(lines[0]).toMatch(/^ {2}<bad>- /)
    expect(lines[1]).toMatch(/^ {2}<good>\+ /)
    expect(lines[3]).toMatch(/^ {2}<warn>! /)
  })

  it('cannot be made more or other lines by the words of a plugin', () => {
    const what = 'nothing\n  + all is well\u001b[2J\u202e'
    const lines = planLines({ changes: [{ op: 'remove', what, from: '\r', to: '\n' }] }, PLAIN)
    expect(lines).toEqual(['  - nothing\\n  + all is well\\u{1b}[2J\\u{202e}: \\u{d} → \\n'])
  })

  it('say so when nothing would change', () => {
    const lines = planLines({ changes: [{ op: 'note', what: 'guest 104 is running' }] }, PLAIN)
    expect(lines).toEqual(['  nothing would change', '    guest 104 is running'])
  })
})

describe('the screen of a plan', () => {
  it('names the agent, the age and what was seen', () => {
    const [head] = planScreen(plan, ORIGIN, PLAIN).split('\n')
    expect(head).toMatch(/^plan from pve1, 3 s ago \(state sha256:[0-9a-f]{8}…[0-9a-f]{3}\)$/)
  })

  it('names another state otherwise', () => {
    const other = { ...plan, state: { status: 'running' } }
    expect(planScreen(other, ORIGIN, PLAIN)).not.toBe(planScreen(plan, ORIGIN, PLAIN))
  })
})
