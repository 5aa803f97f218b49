// SPDX-License-Identifier: GPL-3.0-or-later
/** Reads who may ask for an operation: `and(perm(/vms/{vmid} VM.Clone) any(/pool/{pool} …))`. */
import type { Permission } from './types.ts'

const TOKENS = /[()]|[^\s()]+/g

/** The expression at the start of a text, and what stands behind it. */
export function parsePermission(text: string): { permission: Permission; rest: string } {
  const tokens = [...text.matchAll(TOKENS)]
  const { permission, next } = parseAt(tokens.map(String), 0)
  return { permission, rest: tokens.slice(next).map(String).join(' ') }
}

function parseAt(tokens: readonly string[], at: number): { permission: Permission; next: number } {
  const kind = tokens[at] ?? ''
  if (tokens[at + 1] !== '(') return { permission: simple(kind), next: at + 1 }
  if (kind === 'and' || kind === 'or') return parseSeveral(kind, tokens, at + 2)
  const end = tokens.indexOf(')', at)
  return { permission: withFacts(kind, tokens.slice(at + 2, end)), next: end + 1 }
}

function simple(kind: string): Permission {
  if (kind === 'world' || kind === 'all' || kind === 'root') return { kind }
  throw new Error(`the tables name an unknown permission: ${kind}`)
}

function parseSeveral(
  kind: 'and' | 'or',
  tokens: readonly string[],
  start: number,
): { permission: Permission; next: number } {
  const of: Permission[] = []
  let at = start
  while (tokens[at] !== ')') {
    const { permission, next } = parseAt(tokens, at)
    of.push(permission)
    at = next
  }
  return { permission: { kind, of }, next: at + 1 }
}

function withFacts(kind: string, facts: readonly string[]): Permission {
  const [first = ''] = facts
  const option = facts.find((fact) => fact.startsWith('?'))?.slice(1)
  const plain = facts.filter((fact) => !fact.startsWith('?'))
  switch (kind) {
    case 'perm':
    case 'any':
      return {
        kind: 'perm',
        path: first,
        privileges: plain.slice(1),
        any: kind === 'any',
        ...(option !== undefined && { requireParam: option }),
      }
    case 'perm-modify':
      return { kind, path: first }
    case 'userid-param':
      return { kind, check: first }
    case 'userid-group':
      return { kind, privileges: plain, ...(option !== undefined && { groupsParam: option }) }
    default:
      return simple(kind)
  }
}
