// SPDX-License-Identifier: Apache-2.0
/** Whether a signed plan still holds: what was signed beside what a second look found. */
import { STEP_LIMITS } from '@sallyport/sdk'
import { Plan } from '../protocol/documents.ts'
import { encodeJson } from '../protocol/json.ts'
import type { Failure, Refusal } from '../protocol/index.ts'

/** One place where two plans differ. Shape: short texts; `nothing` where one of them has no value. */
export interface PlanDifference {
  /** `state.guest.status`, `changes[2].what`. */
  readonly path: string
  readonly signed: string
  readonly found: string
}

/** How many differences a refusal names. */
const MAX_DIFFERENCES = 16
const MAX_PATH = 160
const MAX_TEXT = 200
const NOTHING = 'nothing'

/** Reads what `plan` returned. Trust: it is the plugin's word; it comes back bounded, and as it can be signed. */
export function planIn(returned: unknown): Plan | undefined {
  const parsed = Plan.safeParse(returned)
  if (!parsed.success) return undefined
  return encodeJson(parsed.data).byteLength <= STEP_LIMITS.maxPlanBytes ? parsed.data : undefined
}

/** The refusal of a run whose signed plan is not the one that was found; undefined where both are the same bytes. */
export function driftBetween(signed: Plan, found: Plan): Refusal | undefined {
  const differences: PlanDifference[] = []
  // What was seen comes first: it says why the lines differ.
  collect(differences, 'state', [signed.state, found.state])
  collect(differences, 'changes', [signed.changes, found.changes])
  return differences.length === 0 ? undefined : drifted(differences)
}

/**
 * The refusal of a run that cannot even be planned any more, as its plugin says; undefined where that says nothing about
 * what was signed: where it may pass, or where it is no word of the plugin.
 */
export function driftByFailure({
  code,
  message,
  details,
  retryable,
}: Failure): Refusal | undefined {
  if (retryable || details['effect'] !== 'none') return undefined
  const found = cut(`${code}: ${message}`, MAX_TEXT)
  return drifted([{ path: 'plan', signed: 'it could be planned', found }])
}

function drifted(differences: readonly PlanDifference[]): Refusal {
  return { reason: 'plan_drifted', details: { differences } }
}

/** Walks two JSON values side by side. */
function collect(into: PlanDifference[], path: string, [signed, found]: [unknown, unknown]): void {
  if (into.length >= MAX_DIFFERENCES || isSame(signed, found)) return
  const names = namesIn(signed, found)
  if (names === undefined) {
    into.push({ path: cut(path, MAX_PATH), signed: textOf(signed), found: textOf(found) })
    return
  }
  for (const name of names) {
    const below = Array.isArray(signed) ? `${path}[${name}]` : `${path}.${name}`
    collect(into, below, [memberOf(signed, name), memberOf(found, name)])
  }
}

function isSame(signed: unknown, found: unknown): boolean {
  if (signed === undefined || found === undefined) return signed === found
  return Buffer.compare(encodeJson(signed), encodeJson(found)) === 0
}

/** The members of two values of one kind; undefined unless both are lists, or both are objects. */
function namesIn(signed: unknown, found: unknown): string[] | undefined {
  if (!isObject(signed) || !isObject(found)) return undefined
  if (Array.isArray(signed) !== Array.isArray(found)) return undefined
  return [...new Set([...Object.keys(signed), ...Object.keys(found)])]
}

function memberOf(value: unknown, name: string): unknown {
  return Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : undefined
}

function textOf(value: unknown): string {
  if (value === undefined) return NOTHING
  return cut(typeof value === 'string' ? value : JSON.stringify(value), MAX_TEXT)
}

function cut(text: string, maxLength: number): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
  return short.toWellFormed()
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
