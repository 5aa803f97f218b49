// SPDX-License-Identifier: Apache-2.0
/** Findings below each other, with what to do where something is wrong. */
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import type { Finding } from './finding.ts'

const MARGIN = 9

/** The findings and how many there are of each state. */
export function findingsScreen(findings: readonly Finding[], paint: Paint): string {
  return [...findings.map((finding) => line(finding, paint)), summary(countsOf(findings))].join(
    '\n',
  )
}

/** How many findings of each state there are. */
export function countsOf(findings: readonly Finding[]): Record<Finding['state'], number> {
  const of = (state: Finding['state']) => findings.filter((each) => each.state === state).length
  return { ok: of('ok'), warning: of('warning'), failed: of('failed') }
}

function line({ state, text, code, remedy }: Finding, paint: Paint): string {
  const word = {
    ok: paint.good('ok'),
    warning: paint.warn('warning'),
    failed: paint.bad('FAILED'),
  }[state]
  const length = state.length
  const head = `${word}${' '.repeat(MARGIN - length)}${safeText(text)}`
  const withCode = code === undefined ? head : `${head}  ${paint.dim(`(${code})`)}`
  return remedy === undefined
    ? withCode
    : `${withCode}\n${' '.repeat(MARGIN + 2)}${safeText(remedy)}`
}

function summary(counts: Record<Finding['state'], number>): string {
  const warnings = counts.warning === 1 ? '1 warning' : `${counts.warning} warnings`
  return `${counts.ok} ok · ${warnings} · ${counts.failed} failed`
}
