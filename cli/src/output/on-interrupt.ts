// SPDX-License-Identifier: Apache-2.0
/** What Ctrl-C says while something goes on elsewhere. */
import type { ExitCode } from './exit-codes.ts'

/**
 * Until disposed, an interrupt prints `text` on stderr and ends with `exit`.
 *
 * Why: leaving does not stop a job; a person must hear that, and how to find it again.
 */
export function onInterrupt(text: string, exit: ExitCode): Disposable {
  const leave = () => {
    process.stderr.write(`\n${text}\n`)
    process.exit(exit)
  }
  process.once('SIGINT', leave)
  process.once('SIGTERM', leave)
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', leave)
      process.off('SIGTERM', leave)
    },
  }
}
