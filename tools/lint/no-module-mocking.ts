// SPDX-License-Identifier: Apache-2.0
/** Lint rule: tests hand in fakes as arguments; no module is replaced behind the code's back. */
import { memberPath, type LintRule } from './ast.ts'

const MOCKERS =
  /^jest\.(mock|doMock|setMock|unmock|deepUnmock|unstable_mockModule|unstable_unmockModule|createMockFromModule|requireMock)$/

/** Forbids `jest.mock` and its relatives, and `jest.spyOn` on an imported module. */
export const noModuleMocking: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      mocked: 'If a test needs to replace a module, the code needs an argument. Pass a fake in.',
    },
  },
  create(context) {
    const modules = new Set<string>()
    return {
      ImportNamespaceSpecifier(node) {
        modules.add(node.local.name)
      },
      MemberExpression(node) {
        if (MOCKERS.test(memberPath(node) ?? '')) context.report({ node, messageId: 'mocked' })
      },
      CallExpression(node) {
        const [target] = node.arguments
        if (memberPath(node.callee) !== 'jest.spyOn' || target?.type !== 'Identifier') return
        if (modules.has(target.name)) context.report({ node, messageId: 'mocked' })
      },
    }
  },
}
