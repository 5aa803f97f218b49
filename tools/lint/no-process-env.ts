// SPDX-License-Identifier: Apache-2.0
/** Lint rule: the environment is read where a program starts, and nowhere else. */
import { importedNames, memberPath, type LintRule, type Node } from './ast.ts'

/** Forbids `process.env` in any spelling. */
export const noProcessEnv: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      environment:
        'The environment is read in main.ts, config.ts or a launch file, once. Take the value as an argument.',
    },
  },
  create(context) {
    const report = (node: Node) => context.report({ node, messageId: 'environment' })
    return {
      MemberExpression(node) {
        if (memberPath(node) === 'process.env') report(node)
      },
      VariableDeclarator(node) {
        const isProcess = node.init?.type === 'Identifier' && node.init.name === 'process'
        if (isProcess && node.id.type === 'ObjectPattern') report(node)
      },
      ImportDeclaration(node) {
        const isProcess = /^(node:)?process$/.test(String(node.source.value))
        if (isProcess && importedNames(node).includes('env')) report(node)
      },
    }
  },
}
