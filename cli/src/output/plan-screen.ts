// SPDX-License-Identifier: Apache-2.0
/** A plan as people read it: one line for each change, its mark in front, as in a diff. */
import { digestOf } from '@sallyport/core/crypto'
import { encodeJson } from '@sallyport/core/protocol'
import type { Plan, PlannedChange } from '@sallyport/core/protocol'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'
import { relative, shortDigest } from './words.ts'

/** Whose plan it is, and how old. */
export interface PlanOrigin {
  /** Name of the agent that looked. */
  readonly agent: string
  /** When it looked, and now. Units: epoch milliseconds. */
  readonly plannedAtMs: number
  readonly nowMs: number
}

const MARKS = { add: '+', change: '~', remove: '-', note: ' ', warn: '!' } as const

/** The whole plan: whose it is, then its lines. */
export function planScreen(plan: Plan, origin: PlanOrigin, paint: Paint): string {
  const { agent, plannedAtMs, nowMs } = origin
  const age = relative(plannedAtMs, nowMs)
  const head = `plan from ${paint.strong(safeText(agent))}, ${age === 'now' ? 'made now' : age}`
  const state = paint.dim(`(state ${shortDigest(stateDigest(plan))})`)
  return [`${head} ${state}`, '', ...planLines(plan, paint)].join('\n')
}

/**
 * The changes of a plan, one line each: `-` red goes away, `+` green comes, `~` is altered, `!` yellow is to be weighed.
 *
 * Trust: the words are the plugin's; nothing in them can steer a terminal or make a second line.
 */
export function planLines({ changes }: Pick<Plan, 'changes'>, paint: Paint): string[] {
  const isChange = ({ op }: PlannedChange): boolean => op !== 'note' && op !== 'warn'
  const lines = changes.map((change) => `  ${painted(change, paint)}`)
  return changes.some(isChange) ? lines : [`  ${paint.dim('nothing would change')}`, ...lines]
}

/** SHA-256 of what the agent saw, for people to compare. */
export function stateDigest({ state }: Pick<Plan, 'state'>): string {
  return digestOf(encodeJson(state))
}

function painted(change: PlannedChange, paint: Paint): string {
  const line = `${MARKS[change.op]} ${textOf(change)}`
  switch (change.op) {
    case 'add':
      return paint.good(line)
    case 'remove':
      return paint.bad(line)
    case 'warn':
      return paint.warn(line)
    case 'change':
      return paint.strong(line)
    case 'note':
      return paint.dim(line)
  }
}

function textOf({ what, from, to }: PlannedChange): string {
  const shown = safeText(what)
  if (from !== undefined && to !== undefined) {
    return `${shown}: ${safeText(from)} → ${safeText(to)}`
  }
  if (to !== undefined) return `${shown}: ${safeText(to)}`
  return from === undefined ? shown : `${shown}, was ${safeText(from)}`
}
