// SPDX-License-Identifier: Apache-2.0
/** How the local lint rules look at a syntax tree. */
import type { RuleTester } from 'oxlint/plugins-dev'

/** A lint rule. Why this way: oxlint has its type in a package of its own, and as what its tester takes. */
export type LintRule = Extract<Parameters<RuleTester['run']>[1], { create: unknown }>

type Visitor = ReturnType<LintRule['create']>
type NodeOf<Name extends keyof Visitor> = Parameters<NonNullable<Visitor[Name]>>[0]

/** A node of the tree. */
export type Node = NodeOf<'anything'>

/** A whole file. */
export type Program = NodeOf<'Program'>

/** The name of a property, written `.name` or `['name']`; undefined when it is computed. */
export function propertyName({
  computed,
  property,
}: NodeOf<'MemberExpression'>): string | undefined {
  if (!computed && property.type === 'Identifier') return property.name
  return property.type === 'Literal' ? String(property.value) : undefined
}

/** `object.name` of a member expression on a plain identifier, as one text; undefined otherwise. */
export function memberPath(node: Node): string | undefined {
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined
  const name = propertyName(node)
  return name === undefined ? undefined : `${node.object.name}.${name}`
}

/** The names that an import declaration takes from its module, as the module calls them. */
export function importedNames({ specifiers }: NodeOf<'ImportDeclaration'>): string[] {
  return specifiers.flatMap((each) =>
    each.type === 'ImportSpecifier' && each.imported.type === 'Identifier'
      ? [each.imported.name]
      : [],
  )
}
