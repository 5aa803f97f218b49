// SPDX-License-Identifier: Apache-2.0
/** Reads the text of a policy into its rules, each with the name and the line that people know it by. */
import { complaintsAbout, readStatement, type PolicyJson } from './cedar.ts'
import { cutStatements, placeOf, type Statement } from './statements.ts'

/** One rule of a policy. */
export interface PolicyRule {
  /** The `@id` that stands before it, else its number and line. */
  readonly name: string
  readonly effect: 'permit' | 'forbid'
  /** From 1. */
  readonly line: number
  readonly text: string
}

/** Something wrong with a policy, at one place. Lines and columns from 1. */
export interface PolicyProblem {
  readonly kind: 'error' | 'warning'
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint: string | null
}

/** A rule with what the evaluator needs of it. */
export interface ReadRule extends PolicyRule {
  /** Its id in the evaluator, which sorts as the text does. */
  readonly key: string
  /** Where it begins, in characters. */
  readonly start: number
  readonly json: PolicyJson
}

/** Characters of a rule's name that are kept. Why: it stands in refusals and in the audit log. */
const MAX_NAME_CHARS = 64

/** Reads a policy. The rules count only when there are no problems. */
export function readRules(text: string): { rules: ReadRule[]; problems: PolicyProblem[] } {
  const { statements, faults } = cutStatements(text)
  if (faults.length > 0) {
    return { rules: [], problems: faults.map(({ at, why }) => errorAt(text, at, why)) }
  }
  const problems = complaintsAbout(text).map(({ message, hint, startByte }) =>
    errorAt(text, charsBefore(text, startByte), message, hint),
  )
  if (problems.length > 0) return { rules: [], problems }
  const rules: ReadRule[] = []
  for (const [index, statement] of statements.entries()) {
    const json = readStatement(statement.text)
    if (json !== undefined) rules.push(ruleOf(text, statement, { json, index }))
    else problems.push(errorAt(text, statement.start, 'not exactly one rule without slots'))
  }
  return { rules, problems: [...problems, ...twins(text, rules)] }
}

function ruleOf(
  text: string,
  { text: own, start }: Statement,
  { json, index }: { json: PolicyJson; index: number },
): ReadRule {
  const { line } = placeOf(text, start)
  const id = json.annotations?.['id'] ?? ''
  const name = cleanText(id, MAX_NAME_CHARS) || `rule ${index + 1}, line ${line}`
  const key = `r${String(index).padStart(3, '0')}`
  return { name, effect: json.effect, line, text: own, key, start, json }
}

/** Why: a decision names its rules, and a name must lead to one of them. */
function twins(text: string, rules: readonly ReadRule[]): PolicyProblem[] {
  const seen = new Set<string>()
  return rules
    .filter(({ name }) => seen.size === seen.add(name).size)
    .map(({ start, name }) =>
      errorAt(text, start, `a rule before this one is called "${name}" too`),
    )
}

/** An error at a place of the text. */
export function errorAt(
  text: string,
  at: number,
  message: string,
  hint: string | null = null,
): PolicyProblem {
  return { kind: 'error', ...placeOf(text, at), message: cleanText(message, 400), hint }
}

/** Characters before a byte of the text. */
export function charsBefore(text: string, byte: number): number {
  return Buffer.from(text).subarray(0, byte).toString().length
}

/** Without what would steer a terminal, and no longer than so many characters. */
export function cleanText(text: string, maxChars: number): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, maxChars)
}
