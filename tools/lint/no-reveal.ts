// SPDX-License-Identifier: Apache-2.0
/** Lint rule: a secret is opened where it is used, and nowhere else. */
import { propertyName, type LintRule } from './ast.ts'

/** Forbids `reveal` of a `Secret`. */
export const noReveal: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      revealed:
        'A Secret is revealed only in crypto, stores and plugins of core and where the command line handles keys. Pass the Secret on.',
    },
  },
  create(context) {
    return {
      MemberExpression(node) {
        if (propertyName(node) === 'reveal') context.report({ node, messageId: 'revealed' })
      },
      'VariableDeclarator > ObjectPattern > Property[key.name="reveal"]'(node) {
        context.report({ node, messageId: 'revealed' })
      },
    }
  },
}
