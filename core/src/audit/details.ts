// SPDX-License-Identifier: Apache-2.0
/** Makes anything that a caller wants logged into bounded, plain JSON. An entry must never fail on what it is about. */
import { digestOf } from '../crypto/index.ts'
import { encodeJson } from '../protocol/index.ts'

/** How much of the details is kept. */
export interface DetailBounds {
  readonly maxTextLength: number
  readonly maxValues: number
}

/** Bounds of the first attempt, and of the second when the entry came out too long. */
export const DETAIL_BOUNDS = {
  full: { maxTextLength: Number.POSITIVE_INFINITY, maxValues: 4_096 },
  short: { maxTextLength: 128, maxValues: 32 },
} as const satisfies Record<string, DetailBounds>

const MAX_DEPTH = 8
const MAX_NAME_LENGTH = 64
const CUT = '[cut]'

/** Plain JSON. */
type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** The details as plain JSON: secrets as they print, no lone surrogates, no special names, no deep nesting. */
export function plainDetails(
  details: Readonly<Record<string, unknown>>,
  bounds: DetailBounds,
): Record<string, Json> {
  return plainObject(details, { ...bounds, valuesLeft: bounds.maxValues, depth: 0 })
}

/** What stands in place of details that were cut: their full size, and a digest that binds whoever still has them. */
export function cutMark(details: Record<string, Json>): { bytes: number; digest: string } {
  const bytes = encodeJson(details)
  return { bytes: bytes.byteLength, digest: digestOf(bytes) }
}

interface Budget extends DetailBounds {
  valuesLeft: number
  depth: number
}

function plain(value: unknown, budget: Budget): Json {
  budget.valuesLeft -= 1
  if (budget.valuesLeft < 0) return CUT
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null
  if (typeof value === 'string') return text(value, budget.maxTextLength)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value !== 'object') return text(String(value), budget.maxTextLength)
  if (printsItself(value)) return plain(value.toJSON(), budget)
  if (budget.depth >= MAX_DEPTH) return CUT
  budget.depth += 1
  const made = Array.isArray(value) ? plainArray(value, budget) : plainObject(value, budget)
  budget.depth -= 1
  return made
}

function printsItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function plainArray(values: readonly unknown[], budget: Budget): Json[] {
  const kept: Json[] = []
  for (const value of values) {
    kept.push(plain(value, budget))
    if (budget.valuesLeft < 0) break
  }
  return kept
}

function plainObject(value: object, budget: Budget): Record<string, Json> {
  const kept: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    kept[safeName(name)] = plain(member, budget)
    if (budget.valuesLeft < 0) break
  }
  return kept
}

/** Why: strict JSON refuses names that reach a prototype, so they are recorded with a sign in front. */
function safeName(name: string): string {
  const isSpecial = name === '__proto__' || name === 'constructor' || name === 'prototype'
  return text(isSpecial ? `?${name}` : name, MAX_NAME_LENGTH)
}

function text(value: string, maxLength: number): string {
  const whole = value.toWellFormed()
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength).toWellFormed()}…`
}
