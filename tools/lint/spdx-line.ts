// SPDX-License-Identifier: Apache-2.0
/** Lint rule: every file begins with its licence, on one line. */
import type { LintRule } from './ast.ts'

/** Requires the SPDX line first, or second after a `#!` line. Option: the licence's identifier. */
export const spdxLine: LintRule = {
  meta: {
    type: 'layout',
    fixable: 'code',
    schema: [{ type: 'string' }],
    messages: { missing: 'The first line is `{{line}}`.' },
  },
  create(context) {
    const [licence = 'Apache-2.0'] = context.options as string[]
    const line = `// SPDX-License-Identifier: ${licence}`
    return {
      Program(node) {
        const [first = '', second = ''] = context.sourceCode.lines
        const isScript = first.startsWith('#!')
        if ((isScript ? second : first) === line) return
        const at = isScript ? first.length + 1 : 0
        context.report({
          node,
          messageId: 'missing',
          data: { line },
          fix: (fixer) => fixer.insertTextBeforeRange([at, at], `${line}\n`),
        })
      },
    }
  },
}
