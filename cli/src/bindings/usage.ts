// SPDX-License-Identifier: Apache-2.0
/** A command line of `agent bind` that is not right. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** The problem, with where to look. */
export function usage(message: string): Problem {
  return new Problem('ERR_USAGE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was bound.',
    remedy: 'See `sallyport agent bind --help` for a line of each kind.',
  })
}
