// SPDX-License-Identifier: Apache-2.0
/** Jest reporter: ends the output with `N passed, N failed`, and makes a run of no test a failed one. */
import { writeSync } from 'node:fs'

/** The counts of Jest's aggregated result that the closing line needs. */
export interface Counts {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  /** Suites that did not load. */
  readonly numRuntimeErrorTestSuites: number
}

/** What the closing line says of a run. A suite that did not load counts as one failed test. */
export function closingLine(counts: Counts): string {
  const failedCount = counts.numFailedTests + counts.numRuntimeErrorTestSuites
  const skippedCount = counts.numPendingTests + counts.numTodoTests
  const skipped = skippedCount > 0 ? `, ${skippedCount} skipped` : ''
  return `${counts.numPassedTests} passed, ${failedCount} failed${skipped}`
}

/** Writes the closing line when the process ends, after every other reporter. */
export default class ClosingLine {
  #error: Error | undefined

  onRunComplete(_contexts: unknown, counts: Counts): void {
    if (counts.numPassedTests + counts.numFailedTests === 0) {
      this.#error = new Error('no test ran')
    }
    process.once('exit', () => writeSync(1, `${closingLine(counts)}\n`))
  }

  getLastError(): Error | undefined {
    return this.#error
  }
}
