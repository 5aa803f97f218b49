// SPDX-License-Identifier: Apache-2.0
/** The last step of a command that did not end well: its one screen, or its one JSON document. */
import { problemOf } from './known-problems.ts'
import { makePaint } from './paint.ts'
import { problemJson } from './problem.ts'
import { problemScreen, stackOf } from './problem-screen.ts'
import { safeJson } from './safe-text.ts'

/** Reports the error in the way the arguments ask for and returns the exit code. */
export function reportError(error: unknown, argv: readonly string[]): number {
  if (isPlainExit(error)) return error.oclif.exit
  const problem = problemOf(error)
  if (hasFlag(argv, '--json')) {
    process.stdout.write(`${safeJson({ error: problemJson(problem) })}\n`)
  } else {
    const paint = makePaint(process.stderr, !hasFlag(argv, '--no-color'))
    process.stderr.write(`${problemScreen(problem, paint, process.stderr.columns)}\n`)
  }
  if (hasFlag(argv, '--debug')) process.stderr.write(`${stackOf(error)}\n`)
  return problem.exit
}

/**
 * Whether a flag of all commands stands among the arguments.
 *
 * Why: read from the raw words, because it must hold also when these words could not be parsed.
 */
export function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes(flag)
}

/** `this.exit(n)` of oclif throws; it is an end, not an error. */
function isPlainExit(error: unknown): error is { oclif: { exit: number } } {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIT'
}
