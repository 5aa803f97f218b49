// SPDX-License-Identifier: Apache-2.0
/** What changes with a policy, line by line, before somebody signs it. */
import type { Policy } from '@sallyport/core/protocol'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { lineDifference, onlyDifferent } from './line-difference.ts'

/** The screen before a signature. */
export function policyDifference(
  before: Pick<Policy, 'version' | 'text'> | undefined,
  after: Pick<Policy, 'version' | 'text'>,
  paint: Paint,
): string {
  const lines = onlyDifferent(lineDifference(before?.text ?? '', after.text))
  const head = before === undefined ? 'the first one' : `after ${before.version}`
  return [
    `${paint.strong(`Policy ${after.version}`)}, ${head}`,
    ...lines.map(({ op, text }) => {
      const shown = safeText(text.replaceAll('\t', '  '))
      if (op === 'add') return paint.good(`  + ${shown}`)
      return op === 'remove' ? paint.bad(`  - ${shown}`) : paint.dim(`    ${shown}`)
    }),
  ].join('\n')
}
