// SPDX-License-Identifier: Apache-2.0
/**
 * Loaded before the tests of a plugin: writes down what its jobs do with their handles, one line of JSON each, into the
 * file that the address of this module names. It takes nothing from the environment.
 */
import { appendFileSync } from 'node:fs'

const report = new URL(import.meta.url).searchParams.get('report')

/** Lines of one process. Why a bound: a test may call a handle in an endless loop. */
const MAX_LINES = 100_000
let lineCount = 0

function note(line: object): void {
  if (report === null || lineCount >= MAX_LINES) return
  lineCount += 1
  const text = JSON.stringify(line, (_, value: unknown) =>
    value instanceof Uint8Array ? `${value.length} bytes` : value,
  )
  // Whole lines at the end of the file: the tests of several files run in processes of their own.
  appendFileSync(report, `${text}\n`)
}

const listener = {
  started: (plugin: string, job: string) => note({ started: { plugin, job } }),
  used: (use: object) => note({ used: use }),
}
Object.assign(globalThis, { [Symbol.for('sallyport.testing.listener')]: listener })
