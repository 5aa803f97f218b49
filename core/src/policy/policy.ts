// SPDX-License-Identifier: Apache-2.0
/** A policy that can be asked: read once, then evaluated for every job. What it does not permit is denied. */
import { CodedError } from '@sallyport/sdk'
import type { PolicyDecision, PolicyPort } from '../admission/index.ts'
import { digestOf } from '../crypto/index.ts'
import { askPrepared, prepare } from './cedar.ts'
import { questionsOf, type AskedOf, type PolicyPlace } from './questions.ts'
import { cleanText, readRules, type PolicyRule, type ReadRule } from './rules.ts'

/** A policy that was read. */
export interface ReadPolicy extends PolicyPort {
  readonly rules: readonly PolicyRule[]
}

/** Characters of one error that are kept. Why: it stands in refusals and in the audit log. */
const MAX_ERROR_CHARS = 240

/**
 * Reads a policy for one agent.
 *
 * Trust: the text was verified by its signatures before. Form is checked here; types are checked where it is published,
 * and what does not fit after all is an error at evaluation, which denies.
 * Throws: ERR_POLICY_FORM with the first problem and its place.
 */
export function makePolicy(text: string, place: PolicyPlace): ReadPolicy {
  const { rules, problems } = readRules(text)
  const [first] = problems
  if (first !== undefined) throw formError(first)
  const name = digestOf(Buffer.from(text))
  const byKey = new Map(rules.map((rule) => [rule.key, rule]))
  const [complaint] = prepare(
    name,
    Object.fromEntries(rules.map(({ key, text: own }) => [key, own])),
  )
  if (complaint !== undefined) throw formError({ line: 1, column: 1, ...complaint })
  return {
    rules: rules.map(({ name: known, effect, line, text: own }) => {
      return { name: known, effect, line, text: own }
    }),
    decide: (request) => {
      const questions = questionsOf(request, place)
      return questions.ok ? decideAll(name, questions.asked, byKey) : broken([questions.why])
    },
  }
}

/** Why all: a job that acts on several things must be permitted on each; the first that is not decides. */
function decideAll(
  name: string,
  asked: readonly AskedOf[],
  byKey: ReadonlyMap<string, ReadRule>,
): PolicyDecision {
  const deciding = new Set<string>()
  for (const { question, about } of asked) {
    const { isAllowed, reasons, errors } = askPrepared(name, question)
    if (errors.length > 0) {
      return broken(
        errors.map(({ rule, message }) => `${byKey.get(rule ?? '')?.name ?? 'policy'}: ${message}`),
        about,
      )
    }
    if (!isAllowed) {
      const rules = namesOf(new Set(reasons), byKey)
      return { allowed: false, why: 'denied', rules, errors: [], about }
    }
    for (const reason of reasons) deciding.add(reason)
  }
  return { allowed: true, rules: namesOf(deciding, byKey) }
}

/** Names in the order of the text, so that the same question has the same answer. */
function namesOf(keys: ReadonlySet<string>, byKey: ReadonlyMap<string, ReadRule>): string[] {
  return [...byKey].filter(([key]) => keys.has(key)).map(([, { name }]) => name)
}

function broken(errors: readonly string[], about?: string): PolicyDecision {
  const bounded = errors.toSorted().map((error) => cleanText(error, MAX_ERROR_CHARS))
  return {
    allowed: false,
    why: 'broken',
    rules: [],
    errors: bounded.slice(0, 8),
    ...(about !== undefined && { about }),
  }
}

function formError(problem: { line: number; column: number; message: string }): CodedError {
  const { line, column, message } = problem
  return new CodedError('ERR_POLICY_FORM', `policy, line ${line}, column ${column}: ${message}`, {
    details: { line, column },
  })
}
