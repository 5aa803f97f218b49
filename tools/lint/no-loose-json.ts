// SPDX-License-Identifier: Apache-2.0
/** Lint rule: JSON from outside goes through the strict parser. */
import { memberPath, propertyName, type LintRule, type Node } from './ast.ts'

/** Forbids `JSON.parse` and the `.json()` of an answer. */
export const noLooseJson: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      loose:
        'JSON.parse takes duplicate members, any depth and any size. Use parseJson of core/src/protocol/json.ts.',
    },
  },
  create(context) {
    const report = (node: Node) => context.report({ node, messageId: 'loose' })
    return {
      MemberExpression(node) {
        if (memberPath(node) === 'JSON.parse') report(node)
      },
      VariableDeclarator(node) {
        const isJson = node.init?.type === 'Identifier' && node.init.name === 'JSON'
        if (isJson && node.id.type === 'ObjectPattern') report(node)
      },
      AwaitExpression(node) {
        const call = node.argument
        if (call.type !== 'CallExpression' || call.arguments.length > 0) return
        const { callee } = call
        if (callee.type === 'MemberExpression' && propertyName(callee) === 'json') {
          report(node)
        }
      },
    }
  },
}
