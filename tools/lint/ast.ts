// SPDX-License-Identifier: Apache-2.0
/** How the local lint rules look at a syntax tree. */
import type { Rule } from 'eslint'

/** A node of the tree, as far as these rules look at it. */
export type Node = Rule.Node

type Expression = { type: string }

/** The name of a property, written `.name` or `['name']`; undefined when it is computed. */
export function propertyName(node: {
  computed: boolean
  property: Expression
}): string | undefined {
  const { computed, property } = node
  if (!computed && property.type === 'Identifier') return (property as { name?: string }).name
  if (property.type === 'Literal') return String((property as { value?: unknown }).value)
  return undefined
}

/** `object.name` of a member expression on a plain identifier, as one text; undefined otherwise. */
export function memberPath(node: Expression): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const member = node as unknown as {
    computed: boolean
    object: Expression & { name?: string }
    property: Expression
  }
  const name = propertyName(member)
  if (member.object.type !== 'Identifier' || name === undefined) return undefined
  return `${member.object.name}.${name}`
}

/** The names that an import declaration takes from its module, as the module calls them. */
export function importedNames(node: { specifiers: readonly unknown[] }): string[] {
  return (node.specifiers as { type: string; imported?: { name?: string } }[])
    .filter(({ type }) => type === 'ImportSpecifier')
    .map(({ imported }) => imported?.name ?? '')
}
