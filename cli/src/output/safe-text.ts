// SPDX-License-Identifier: Apache-2.0
/** Makes text from elsewhere harmless on a terminal. */

/**
 * Characters that are invisible, steer a terminal or turn the reading direction: controls, formats, surrogates, private
 * use, unassigned, line separators, everything that renderers may ignore, and spaces that are not U+0020.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{DI}]|(?! )\p{Zs}/gu

/** Longest text that one cell or line shows. */
const MAX_SHOWN = 2_000

/**
 * Text in which nothing hides: each hidden character is written as `\u{…}`.
 *
 * Trust: every text that a plugin, an agent, a hub or a file has chosen goes through this before a person sees it.
 */
export function safeText(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value)
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return shown.replace(HIDDEN, escapeCharacter)
}

/** As `safeText` for text of several lines: its line breaks and tabs stay. */
export function safeLines(text: string): string {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => line.split('\t').map(safeText).join('\t'))
    .join('\n')
}

/**
 * JSON in which nothing hides, still the same JSON: hidden characters only ever stand inside its strings, where they
 * become `\uXXXX`.
 */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(HIDDEN, escapeForJson))
    .join('\n')
}

/** A value as JSON on one line in which nothing hides. */
export function safeJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(HIDDEN, escapeForJson)
}

/** Text without any limit to its length in which nothing hides. */
export function safeLine(text: string): string {
  return text.replace(HIDDEN, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}

function escapeForJson(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
