// SPDX-License-Identifier: Apache-2.0
/** The problem with writing where something is already. */
import { EXIT } from './exit-codes.ts'
import { Problem } from './problem.ts'

/** Why never over it: it may be all that somebody has. */
export function fileExists(path: string): Problem {
  return new Problem('ERR_FILE_EXISTS', `${path} is there already`, {
    exit: EXIT.usage,
    unharmed: 'It was not touched.',
    remedy: 'Name another place with --out.',
  })
}
