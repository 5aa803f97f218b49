// SPDX-License-Identifier: Apache-2.0
/** A decision in words: who may do what where, or may not, and by which rule. */
import type { Paint } from '../output/paint.ts'
import { safeLines, safeText } from '../output/safe-text.ts'
import { principalText } from './decide.ts'
import type { Explained, Question } from './decide.ts'

/** The lines of a decision. */
export function decisionScreen(
  question: Pick<Question, 'principal' | 'jobType' | 'agentName' | 'step'>,
  { decision, rules }: Explained,
  paint: Paint,
): string {
  const who = safeText(principalText(question.principal))
  const verb = question.step === 'plan' ? 'plan' : 'run'
  const what = `${verb} ${safeText(question.jobType)} on ${safeText(question.agentName)}`
  const head = decision.allowed
    ? `${paint.good('allowed')} ${who} may ${what}`
    : `${paint.bad('denied')} ${who} may not ${what}`
  return [head, ...whyLines(decision), ...rules.flatMap((rule) => ruleLines(rule, paint))].join(
    '\n',
  )
}

function whyLines(decision: Explained['decision']): string[] {
  if (decision.allowed) return []
  const where = decision.about === undefined ? '' : ` (${safeText(decision.about)})`
  if (decision.why === 'broken') {
    return [
      `  it cannot be evaluated${where}:`,
      ...decision.errors.map((each) => `  ${safeText(each)}`),
    ]
  }
  return decision.rules.length === 0 ? [`  no rule permits it${where}`] : [`  forbidden${where}`]
}

function ruleLines(
  { name, effect, line, text }: Explained['rules'][number],
  paint: Paint,
): string[] {
  const verb = effect === 'permit' ? 'permitted' : 'forbidden'
  const shown = safeLines(text).split('\n')
  return [
    `  ${verb} by ${paint.strong(safeText(name))}, line ${line}`,
    ...shown.map((each) => paint.dim(`    ${each}`)),
  ]
}

/** The decision for `--json`. */
export function decisionJson({ decision, rules }: Explained): object {
  const { allowed } = decision
  const named = rules.map(({ name, effect, line }) => ({ name, effect, line }))
  if (allowed) return { allowed, why: null, about: null, rules: named, errors: [] }
  const { why, about = null, errors } = decision
  return { allowed, why, about, rules: named, errors }
}
