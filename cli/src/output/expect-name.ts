// SPDX-License-Identifier: Apache-2.0
/** Names that people give to operators, sites and publishers on the command line. */
import { Name } from '@sallyport/core/protocol'
import { EXIT } from './exit-codes.ts'
import { Problem } from './problem.ts'

/** Throws: ERR_USAGE when the value of a flag is not a name. */
export function expectName(flag: string, name: string): void {
  if (Name.safeParse(name).success) return
  throw new Problem('ERR_USAGE', `--${flag} ${JSON.stringify(name)} is not a name`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was made.',
    remedy: 'A name has small letters, digits and inner hyphens, at most 63: ada, ops-1.',
  })
}
