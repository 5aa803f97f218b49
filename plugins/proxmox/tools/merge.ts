// SPDX-License-Identifier: GPL-3.0-or-later
/** What several versions say, in one: entries carry a gate where not all versions have them. */
import { VERSIONS, type Node } from './vendor.ts'

/** Which versions say something: a bit for each of `VERSIONS`. */
export type Gate = number

/** A schema of several versions. */
export interface Merged {
  readonly base: string
  readonly facts: string
  readonly parts?: readonly Entry[]
  readonly isClosed?: boolean
  readonly rest?: readonly Alternative[]
  readonly items?: readonly Alternative[]
}

/** One of the forms that a schema has, with the versions in which it has it. */
export interface Alternative {
  readonly gate: Gate
  readonly type: Merged
}

/** A property, in some of the versions. */
export interface Entry extends Alternative {
  readonly name: string
  readonly isOptional: boolean
}

/** Something in one version. */
export type ByVersion<T> = readonly (readonly [gate: Gate, value: T])[]

/** How a gate is written; nothing when it holds all of `whole`. */
export function gateText(gate: Gate, whole: Gate): string {
  if (gate === whole) return ''
  const names = VERSIONS.filter((_, at) => (gate & (1 << at)) !== 0)
  return `@${names.join(',')}`
}

/** The forms that the versions give to one thing; alike ones are one. */
export function alternatives(nodes: ByVersion<Node>): Alternative[] {
  const groups = new Map<string, [Gate, Node][]>()
  for (const [gate, node] of nodes) {
    const key = shellOf(node)
    groups.set(key, [...(groups.get(key) ?? []), [gate, node]])
  }
  return [...groups.values()].map((group) => ({ gate: union(group), type: merge(group) }))
}

/** Everything about a node that must be the same for two of them to become one. */
function shellOf(node: Node): string {
  const { base, facts, isClosed = false } = node
  const has = [node.parts, node.rest, node.items].map((each) => each !== undefined)
  return JSON.stringify([base, facts, isClosed, has])
}

function merge(group: ByVersion<Node>): Merged {
  const [, { base, facts, isClosed }] = group[0]!
  const inside = (pick: (node: Node) => Node | undefined): ByVersion<Node> =>
    group.flatMap(([gate, node]) => {
      const each = pick(node)
      return each === undefined ? [] : [[gate, each] as const]
    })
  const rest = inside((node) => node.rest)
  const items = inside((node) => node.items)
  return {
    base,
    facts,
    ...(group[0]![1].parts !== undefined && { parts: mergeParts(group) }),
    ...(isClosed === true && { isClosed }),
    ...(rest.length > 0 && { rest: alternatives(rest) }),
    ...(items.length > 0 && { items: alternatives(items) }),
  }
}

function mergeParts(group: ByVersion<Node>): Entry[] {
  const names = [...new Set(group.flatMap(([, node]) => [...node.parts!.keys()]))].sort()
  return names.flatMap((name) => {
    const present = group.flatMap(([gate, node]) => {
      const part = node.parts!.get(name)
      return part === undefined ? [] : [[gate, part] as const]
    })
    return [false, true].flatMap((isOptional) => {
      const alike = present.filter(([, part]) => part.isOptional === isOptional)
      return alternatives(alike).map((each) => ({ ...each, name, isOptional }))
    })
  })
}

/** All versions in which there is something. */
export function union(values: ByVersion<unknown>): Gate {
  return values.reduce((all, [gate]) => all | gate, 0)
}
