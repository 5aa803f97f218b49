// SPDX-License-Identifier: Apache-2.0
/** Reads columns as the types they must have. A file that others wrote to may hold anything. */
import { CodedError } from '@sallyport/sdk'
import type { SqliteRow } from './sqlite-connection.ts'

/** A column of bytes. Throws: ERR_STORE_CORRUPT. */
export function bytesIn(row: SqliteRow, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw damaged(column)
}

/** A column of bytes or null. Throws: ERR_STORE_CORRUPT. */
export function bytesOrNullIn(row: SqliteRow, column: string): Uint8Array | null {
  return row[column] === null ? null : bytesIn(row, column)
}

/** A column of text. Throws: ERR_STORE_CORRUPT. */
export function textIn(row: SqliteRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw damaged(column)
}

/** A column of text or null. Throws: ERR_STORE_CORRUPT. */
export function textOrNullIn(row: SqliteRow, column: string): string | null {
  return row[column] === null ? null : textIn(row, column)
}

/** A column of a count or an instant. Throws: ERR_STORE_CORRUPT. */
export function integerIn(row: SqliteRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw damaged(column)
}

/** A column of an instant or null. Throws: ERR_STORE_CORRUPT. */
export function integerOrNullIn(row: SqliteRow, column: string): number | null {
  return row[column] === null ? null : integerIn(row, column)
}

function damaged(column: string): CodedError {
  return new CodedError('ERR_STORE_CORRUPT', `column ${column} does not hold what it must`, {
    details: { column },
  })
}
