// SPDX-License-Identifier: Apache-2.0
/** Lint rule: every export has a name, and the file that exports it says that name. */
import type { LintRule } from './ast.ts'

/** Forbids `export default` and `export *`. */
export const namedExport: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      unnamed: 'Named exports only.',
      all: 'Name each export: an index is a list.',
    },
  },
  create(context) {
    return {
      ExportDefaultDeclaration(node) {
        context.report({ node, messageId: 'unnamed' })
      },
      ExportAllDeclaration(node) {
        context.report({ node, messageId: 'all' })
      },
    }
  },
}
