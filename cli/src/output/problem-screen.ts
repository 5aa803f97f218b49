// SPDX-License-Identifier: Apache-2.0
/** The one screen of every error. */
import type { Paint } from './paint.ts'
import type { Problem } from './problem.ts'
import { safeLines, safeText } from './safe-text.ts'
import { pairs } from './table.ts'

const MAX_WIDTH = 92

/** The four parts as text: what and its code, the details, what is unharmed and what to do, the command lines. */
export function problemScreen(problem: Problem, paint: Paint, columns: number = 80): string {
  const details = Object.entries(problem.details).filter(([, value]) => value !== undefined)
  return [
    headline(problem, paint, Math.min(columns, MAX_WIDTH)),
    details.length === 0
      ? ''
      : pairs(details.map(([name, value]) => [safeText(name), detail(value)])),
    [problem.unharmed, problem.remedy]
      .filter((part) => part !== '')
      .map(safeLines)
      .join(' '),
    problem.commands.map((line) => `  ${safeText(line)}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** The stack and its causes, for `--debug`. Secrets print as `[secret]` by their type. */
export function stackOf(error: unknown): string {
  const lines: string[] = []
  for (let each = error; each !== undefined && each !== null; each = causeOf(each)) {
    lines.push(safeLines(stackText(each)))
    if (lines.length === 8) break
  }
  return lines.join('\ncaused by ')
}

function headline(problem: Problem, paint: Paint, width: number): string {
  const message = safeText(problem.message)
  const code = `(${safeText(problem.code)})`
  const gap = Math.max(2, width - message.length - code.length)
  return `${paint.bad(message)}${' '.repeat(gap)}${paint.dim(code)}`
}

function detail(value: unknown): string {
  return safeText(typeof value === 'object' ? JSON.stringify(value) : value)
}

function stackText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  if ('stack' in error && typeof error.stack === 'string') return error.stack
  return 'message' in error ? String(error.message) : String(error)
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined
}
