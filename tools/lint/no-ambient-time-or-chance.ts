// SPDX-License-Identifier: Apache-2.0
/** Lint rule for the pure rows: the clock and random bytes are arguments. */
import { importedNames, memberPath, type LintRule, type Node } from './ast.ts'

const MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'crypto.randomBytes',
  'process.hrtime',
  'Temporal.Now',
])
const CRYPTO_NAMES = /^(random\w+|generate\w+|getRandomValues|webcrypto)$/
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate'])

/** Forbids reading the clock, drawing random values and waiting. */
export const noAmbientTimeOrChance: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      ambient:
        '{{what}} is ambient here: a pure row takes clock and random bytes as arguments, so that a decision runs from a seed.',
    },
  },
  create(context) {
    const report = (node: Node, what: string) =>
      context.report({ node, messageId: 'ambient', data: { what } })
    return {
      MemberExpression(node) {
        const path = memberPath(node)
        if (path !== undefined && MEMBERS.has(path)) report(node, path)
      },
      NewExpression(node) {
        const isDate = node.callee.type === 'Identifier' && node.callee.name === 'Date'
        if (isDate && node.arguments.length === 0) report(node, 'new Date()')
      },
      CallExpression(node) {
        if (node.callee.type !== 'Identifier') return
        const { name } = node.callee
        if (name === 'Date' || TIMERS.has(name)) report(node, `${name}()`)
      },
      ImportDeclaration(node) {
        if (!/^(node:)?crypto$/.test(String(node.source.value))) return
        const drawn = importedNames(node).find((name) => CRYPTO_NAMES.test(name))
        if (drawn !== undefined) report(node, drawn)
      },
    }
  },
}
