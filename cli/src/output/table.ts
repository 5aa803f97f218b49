// SPDX-License-Identifier: Apache-2.0
/** Tables without borders: a head in capitals, two spaces between columns. */
import Table from 'cli-table3'
import type { Paint } from './paint.ts'

const NO_BORDER = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** One column: its head, and whether its values are numbers that align at the right. */
export interface Column {
  readonly head: string
  readonly isNumber?: boolean
}

/**
 * Rows as text, without a line break at the end.
 *
 * Trust: cells are printed as they are; escape what comes from elsewhere with `safeText` first.
 */
export function table(columns: readonly Column[], rows: readonly string[][], paint: Paint): string {
  const drawn = new Table({
    head: columns.map((column) => paint.strong(column.head.toUpperCase())),
    colAligns: columns.map((column) => (column.isNumber === true ? 'right' : 'left')),
    chars: NO_BORDER,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
  drawn.push(...rows)
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Names and values below each other, values aligned, each line behind two spaces. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}
