// SPDX-License-Identifier: Apache-2.0
/** The problem of a machine without an operator's identity. */
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Says which one command makes what is missing. */
export function noOperator(home: Home): Problem {
  return new Problem('ERR_NO_OPERATOR', 'this machine has no operator identity yet', {
    exit: EXIT.failed,
    details: { home: home.folder },
    unharmed: 'Nothing was changed.',
    remedy: 'Make one, with a site to sign for:',
    commands: ['sallyport init'],
  })
}
