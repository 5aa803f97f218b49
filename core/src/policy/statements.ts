// SPDX-License-Identifier: Apache-2.0
/** Cuts the text of a policy into its statements, with their places, and refuses what is too deep to be evaluated. */

/** One statement of a policy: `permit (…) when {…};` with its annotations. */
export interface Statement {
  readonly text: string
  /** Where it begins, in characters from the beginning of the policy. */
  readonly start: number
}

/** Something wrong at one place of the text. */
export interface Fault {
  /** In characters from the beginning of the policy. */
  readonly at: number
  readonly why: string
}

/**
 * Bounds of one policy.
 *
 * Why: the evaluator calls itself for every bracket and every link of a chain, and has a stack that ends; measured, it
 * ends at 117 brackets, 343 links of `.`, `[`, `+`, `-`, `*` or `if`, 3,000 of `&&` and `||`. These together use less than all of it.
 */
export const POLICY_BOUNDS = {
  maxBytes: 49_152,
  maxStatements: 256,
  maxDepth: 24,
  maxLinks: 128,
  maxConditions: 512,
} as const

/** Comments and text in quotes are one token each, so that nothing in them counts. Source: Cedar 4.5, "Grammar for Cedar syntax". */
const TOKEN = /\/\/[^\n\r]*|"(?:\\.|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|\s+|&&|\|\||./gsu
const NO_CODE = /^(?:\s|\/\/)/u
const OPENING = new Set(['(', '[', '{'])
const CLOSING = new Set([')', ']', '}'])
const LINKS = new Set(['.', '[', '+', '-', '*', 'if'])

/** Cuts at every semicolon that is neither in quotes nor in a comment. */
export function cutStatements(text: string): { statements: Statement[]; faults: Fault[] } {
  if (Buffer.byteLength(text) > POLICY_BOUNDS.maxBytes) {
    const why = `a policy may have ${POLICY_BOUNDS.maxBytes} bytes`
    return { statements: [], faults: [{ at: 0, why }] }
  }
  const statements: Statement[] = []
  const faults: Fault[] = []
  let count = makeCount()
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (NO_CODE.test(token)) continue
    count.start ??= index
    const fault = countToken(count, token)
    if (fault !== undefined) faults.push({ at: index, why: fault })
    if (token !== ';') continue
    statements.push({ text: text.slice(count.start, index + 1), start: count.start })
    count = makeCount()
  }
  if (count.start !== undefined) {
    statements.push({ text: text.slice(count.start), start: count.start })
  }
  if (statements.length > POLICY_BOUNDS.maxStatements) {
    const at = statements[POLICY_BOUNDS.maxStatements]!.start
    faults.push({ at, why: `a policy may have ${POLICY_BOUNDS.maxStatements} rules` })
  }
  return { statements, faults }
}

interface Count {
  start: number | undefined
  depth: number
  links: number
  conditions: number
}

function makeCount(): Count {
  return { start: undefined, depth: 0, links: 0, conditions: 0 }
}

/** Counts a token and says what is too much, where it first is. */
function countToken(count: Count, token: string): string | undefined {
  const { maxDepth, maxLinks, maxConditions } = POLICY_BOUNDS
  if (OPENING.has(token)) count.depth += 1
  if (CLOSING.has(token)) count.depth -= 1
  if (LINKS.has(token)) count.links += 1
  if (token === '&&' || token === '||') count.conditions += 1
  if (OPENING.has(token) && count.depth === maxDepth + 1) {
    return `more than ${maxDepth} brackets within each other`
  }
  if (LINKS.has(token) && count.links === maxLinks + 1) {
    return `more than ${maxLinks} of . [ + - * if in one rule`
  }
  if (count.conditions === maxConditions + 1 && (token === '&&' || token === '||')) {
    return `more than ${maxConditions} of && and || in one rule`
  }
  return undefined
}

/** Line and column of a place, both from 1. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return { line, column: at - (before.lastIndexOf('\n') + 1) + 1 }
}
