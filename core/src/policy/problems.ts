// SPDX-License-Identifier: Apache-2.0
/** Everything that can be said against a policy before it is published: form, types, and names that nobody has. */
import type { PluginManifest } from '@sallyport/sdk'
import { validateRules, type RuleComplaint } from './cedar.ts'
import { NAMESPACE } from './questions.ts'
import { cleanText, errorAt, readRules, charsBefore } from './rules.ts'
import type { PolicyProblem, ReadRule } from './rules.ts'
import { makePolicySchema } from './schema.ts'

/** What a policy is held against. */
export interface PolicyWorld {
  /** Approved plugins, each once. */
  readonly manifests: readonly PluginManifest[]
  /** Who and what there is, by type; of a type that is not here nothing is said. */
  readonly names?: Readonly<Partial<Record<NamedType, readonly string[]>>>
}

/** Types of which a site knows every name. */
export type NamedType = 'Operator' | 'Customer' | 'Agent' | 'Site' | 'Schedule'

/**
 * The problems of a policy, by their place. With an error it must not be published; with a warning it may not do what is
 * meant: a rule that never applies, a name that nobody has.
 */
export function findPolicyProblems(text: string, world: PolicyWorld): PolicyProblem[] {
  const { rules, problems } = readRules(text)
  if (problems.length > 0) return problems
  const texts = Object.fromEntries(rules.map(({ key, text: own }) => [key, own]))
  const complaints = validateRules(texts, makePolicySchema(world.manifests))
  const wrong = new Set(complaints.filter(({ isError }) => isError).map(({ rule }) => rule))
  // Without a plugin there is no job type, and no rule could ever apply: to say so for each of them helps nobody.
  const isQuiet = world.manifests.length === 0
  const found = complaints
    .filter(({ isError, rule }) => isError || !(isQuiet || wrong.has(rule)))
    .map((complaint) => problemOf(text, rules, complaint))
    .map((problem) => withNearest(problem, world.manifests))
  const unknown = rules.flatMap((rule) => unknownNames(text, rule, world.names ?? {}))
  return onePerPlace([...found, ...unknown])
}

function problemOf(
  text: string,
  rules: readonly ReadRule[],
  { rule: key, message, hint, startByte, isError }: RuleComplaint,
): PolicyProblem {
  const rule = rules.find((each) => each.key === key)!
  const at = rule.start + charsBefore(rule.text, startByte)
  const kind = isError ? 'error' : 'warning'
  return { ...errorAt(text, at, inOurWords(message), hint && cleanText(hint, 400)), kind }
}

/** Why: an action is a job type here, and the namespace says nothing to a reader. */
function inOurWords(message: string): string {
  return message
    .replace(UNKNOWN_ACTION, 'no approved plugin has the job type "$1"')
    .replaceAll(`${NAMESPACE}::Action::`, 'job type ')
    .replace('unrecognized entity type', 'there is no type')
    .replace(
      'policy is impossible: the policy expression evaluates to false for all valid requests',
      'this rule never applies, whatever is asked',
    )
    .replace(
      'unable to find an applicable action given the policy scope constraints',
      'no job type fits who and what this rule is about',
    )
}

const UNKNOWN_ACTION = /unrecognized action `Sallyport::Action::\\?"(.*?)\\?"`/
const NO_JOB_TYPE = /^no approved plugin has the job type "(.*)"$/

/** Names the job type that is spelt most alike. Why: the evaluator's own guess is often a group. */
function withNearest(problem: PolicyProblem, manifests: PolicyWorld['manifests']): PolicyProblem {
  const meant = NO_JOB_TYPE.exec(problem.message)?.[1]
  if (meant === undefined) return problem
  const known = manifests.flatMap(({ name, jobs }) => [
    `${name}/*`,
    ...Object.keys(jobs).map((job) => `${name}/${job}`),
  ])
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(meant, name) }))
    .filter(({ distance }) => distance <= meant.length / 3)
    .toSorted((a, b) => a.distance - b.distance)
  return { ...problem, hint: nearest === undefined ? null : `did you mean "${nearest.name}"?` }
}

/**
 * How many letters are put in, left out or replaced from one word to the other.
 *
 * Source: Wagner and Fischer, 1974, "The String-to-String Correction Problem".
 */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j += 1) {
      const replaced = row[j]! + (letter === b[j] ? 0 : 1)
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, replaced))
    }
    row = next
  }
  return row.at(-1)!
}

/** Names of a rule that the site does not know. Why a warning: an agent may be enrolled later, a person joins tomorrow. */
function unknownNames(
  text: string,
  { json, start }: ReadRule,
  names: NonNullable<PolicyWorld['names']>,
): PolicyProblem[] {
  return entitiesIn(json).flatMap(({ type, id }) => {
    const kind = type.slice(NAMESPACE.length + 2) as NamedType
    const known = names[kind]
    if (!type.startsWith(`${NAMESPACE}::`) || known === undefined || known.includes(id)) return []
    const at = Math.max(start, text.indexOf(`${kind}::${JSON.stringify(id)}`, start))
    const message = `nobody and nothing is called ${kind}::${JSON.stringify(id)} at this site`
    const hint = known.length === 0 ? null : `there is ${known.slice(0, 8).join(', ')}`
    return [{ ...errorAt(text, at, message, hint), kind: 'warning' } as const]
  })
}

/** Every entity that a rule names, however deep. */
export function entitiesIn(value: unknown): { type: string; id: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const { type, id } = value as { type?: unknown; id?: unknown }
  if (typeof type === 'string' && typeof id === 'string') return [{ type, id }]
  return Object.values(value).flatMap(entitiesIn)
}

/** Why: one mistake is found once for every job type and every kind of principal. */
function onePerPlace(problems: readonly PolicyProblem[]): PolicyProblem[] {
  const byPlace = new Map<string, PolicyProblem>()
  for (const problem of problems) {
    const key = `${String(problem.line).padStart(6)}:${String(problem.column).padStart(6)}`
    const known = byPlace.get(key)
    if (known === undefined || (known.kind === 'warning' && problem.kind === 'error')) {
      byPlace.set(key, problem)
    }
  }
  return [...byPlace].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem)
}
