// SPDX-License-Identifier: Apache-2.0
/** Lint rule: programs are started with a list of arguments, never through a shell. */
import { importedNames, memberPath, type LintRule, type Node } from './ast.ts'

const STARTERS = /^(spawn|spawnSync|execFile|execFileSync|fork)$/
const SHELLS = /^(\/(usr\/)?bin\/)?(sh|bash|dash|zsh|cmd(\.exe)?|powershell(\.exe)?)$/

/** Forbids `exec`, `execSync`, the `shell` option, and starting a shell by name. */
export const noShell: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      shell:
        'A shell reads more than was meant. Start the program itself, by absolute path, with a list of arguments.',
    },
  },
  create(context) {
    const report = (node: Node) => context.report({ node, messageId: 'shell' })
    return {
      ImportDeclaration(node) {
        if (!/^(node:)?child_process$/.test(String(node.source.value))) return
        if (importedNames(node).some((name) => /^exec(Sync)?$/.test(name))) report(node)
      },
      MemberExpression(node) {
        if (/^(childProcess|child_process)\.exec(Sync)?$/.test(memberPath(node) ?? '')) report(node)
      },
      'CallExpression > ObjectExpression > Property[key.name="shell"]'(node) {
        if (node.type !== 'Property') return
        if (node.value.type !== 'Literal' || node.value.value !== false) report(node)
      },
      CallExpression(node) {
        const [program] = node.arguments
        const name = node.callee.type === 'Identifier' ? node.callee.name : ''
        if (!STARTERS.test(name) || program?.type !== 'Literal') return
        if (SHELLS.test(String(program.value))) report(node)
      },
    }
  },
}
