// SPDX-License-Identifier: Apache-2.0
/** The line that ends every test run. */
import { describe, expect, it } from '@jest/globals'
import ClosingLine, { closingLine, type Counts } from '../closing-line.ts'

const counts = (some: Partial<Counts>): Counts => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  ...some,
})

describe('the closing line', () => {
  it('counts what passed and what failed', () => {
    expect(closingLine(counts({ numPassedTests: 7, numFailedTests: 2 }))).toBe('7 passed, 2 failed')
  })

  it('counts a suite that does not load as a failed test', () => {
    expect(closingLine(counts({ numRuntimeErrorTestSuites: 1 }))).toBe('0 passed, 1 failed')
  })

  it('says what was skipped', () => {
    const line = closingLine(counts({ numPassedTests: 1, numPendingTests: 1, numTodoTests: 2 }))
    expect(line).toBe('1 passed, 0 failed, 3 skipped')
  })
})

describe('a run', () => {
  const errorOf = (some: Partial<Counts>) => {
    const reporter = new ClosingLine(() => undefined)
    reporter.onRunComplete(undefined, counts(some))
    return reporter.getLastError()?.message
  }

  it('of tests is good', () => {
    expect(errorOf({ numPassedTests: 1 })).toBeUndefined()
  })

  it('of no test is a failed one', () => {
    expect(errorOf({ numPendingTests: 4 })).toBe('no test ran')
  })
})
