// SPDX-License-Identifier: GPL-3.0-or-later
/** Numbers, truth values and texts as Proxmox VE writes them: 1, "1" and true are the same, an empty text is none. */

/** Whether a value of an answer is true. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1'
}

/** A number that may have come as a text; undefined when it is none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** A text that says something; undefined for an empty one and for anything else than a text or a number. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A text as one printable line of at most `maxLength` characters. */
export function lineOf(value: unknown, maxLength = 300): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line
}

/** The members of an answer that is an object; none for anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Record<string, unknown>) : {}
}

/** The objects of an answer that is a list; none for anything else. */
export function rowsOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(membersOf) : []
}
