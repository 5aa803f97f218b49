// SPDX-License-Identifier: Apache-2.0
/** Lint rule: what a file exports has a doc comment. */
import type { LintRule, Node, Program } from './ast.ts'

type Context = Parameters<LintRule['create']>[0]
type Statement = Program['body'][number]

/** Requires one on classes, functions, interfaces, types and variables, directly above the statement. */
export const documentedExport: LintRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { missing: 'Say in a doc comment what this is: it is exported.' },
  },
  create(context) {
    return {
      Program({ body }) {
        const listed = new Set(body.flatMap(namesListed))
        for (const statement of body) {
          const isExported = statement.type === 'ExportNamedDeclaration'
          const declared = isExported ? statement.declaration : statement
          if (declared === null || !needsDoc(declared)) continue
          const mayBeUsed = isExported || namesOf(declared).some((name) => listed.has(name))
          if (mayBeUsed && !isDocumented(statement, context)) {
            context.report({ node: declared, messageId: 'missing' })
          }
        }
      },
    }
  },
}

/** What `export { … }` takes from this file. */
function namesListed(statement: Statement): string[] {
  if (statement.type !== 'ExportNamedDeclaration' || statement.source !== null) return []
  return statement.specifiers.flatMap(({ local }) => ('name' in local ? [local.name] : []))
}

function namesOf(declared: Node): string[] {
  const named = declared.type === 'VariableDeclaration' ? declared.declarations : [declared]
  return named.flatMap((each) =>
    'id' in each && each.id?.type === 'Identifier' ? [each.id.name] : [],
  )
}

function needsDoc(declared: Node): boolean {
  if (declared.type === 'TSTypeAliasDeclaration') return !isInferred(declared.typeAnnotation)
  return /^((Class|Function|Variable|TSInterface)Declaration)$/.test(declared.type)
}

/** A type inferred from the schema of the same name, as in `z.infer<typeof Job>`, is documented there. */
function isInferred(type: Node): boolean {
  if (type.type !== 'TSTypeReference' || type.typeName.type !== 'TSQualifiedName') return false
  return type.typeName.right.name === 'infer'
}

/** Line comments, as that of a lint directive, may stand between. */
function isDocumented(statement: Statement, { sourceCode }: Context): boolean {
  let line = statement.loc.start.line
  for (const { type, value, loc } of sourceCode.getCommentsBefore(statement).toReversed()) {
    if (loc.end.line < line - 1) return false
    if (type === 'Block') return /^\*\s/.test(value)
    line = loc.start.line
  }
  return false
}
