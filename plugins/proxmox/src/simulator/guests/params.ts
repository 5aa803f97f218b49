// SPDX-License-Identifier: GPL-3.0-or-later
/** Reading the checked parameters of a call. */
import type { Call } from '../contract.ts'

/** A text; undefined when it was not sent. */
export function textOf(call: Call, name: string): string | undefined {
  const value = call.params[name]
  return value === undefined ? undefined : String(value)
}

/** A number; undefined when it was not sent. */
export function numberOf(call: Call, name: string): number | undefined {
  const value = call.params[name]
  return value === undefined ? undefined : Number(value)
}

/** A truth value; false when it was not sent. */
export function flagOf(call: Call, name: string): boolean {
  const value = call.params[name]
  return value === true || value === 1 || value === '1'
}

/** A list, whether it came as one text or as several. */
export function listOf(call: Call, name: string): string[] {
  const value = call.params[name]
  if (value === undefined) return []
  const texts = Array.isArray(value) ? value.map(String) : [String(value)]
  return texts.flatMap((text) => text.split(/[,;\s\0]+/)).filter((text) => text !== '')
}
