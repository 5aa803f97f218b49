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

/** Writes a line when the process ends, after every other reporter. */
function writeAtTheEnd(line: string): void {
  process.once('exit', () => writeSync(1, `${line}\n`))
}

/** The reporter. Jest gives its configuration first, which is not needed. */
export default class ClosingLine {
  #error: Error | undefined
  readonly #write: (line: string) => void

  constructor(write?: unknown) {
    this.#write = typeof write === 'function' ? (write as (line: string) => void) : writeAtTheEnd
  }

  onRunComplete(_contexts: unknown, counts: Counts): void {
    if (counts.numPassedTests + counts.numFailedTests === 0) {
      this.#error = new Error('no test ran')
    }
    this.#write(closingLine(counts))
  }

  getLastError(): Error | undefined {
    return this.#error
  }
}
