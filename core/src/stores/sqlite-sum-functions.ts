// SPDX-License-Identifier: Apache-2.0
/** Functions that SQLite does not have: sums over rows by which a value that changed by itself is found out. */
import type { DatabaseSync } from 'node:sqlite'
import { sha256 } from '../crypto/index.ts'

/** Bytes of a sum. */
export const SUM_BYTES = 32

/**
 * Teaches a database to sum rows: the digests of all rows, one bit of each against the other.
 *
 * Why so: the order of rows does not matter, and one that goes is taken out as it was put in.
 */
export function addSumFunctions(database: DatabaseSync): void {
  const encoder = new TextEncoder()
  const add = (sum: Uint8Array, row: unknown): Uint8Array => {
    const digest = sha256(encoder.encode(String(row)))
    for (let n = 0; n < SUM_BYTES; n += 1) sum[n]! ^= digest[n]!
    return sum
  }
  const start = (): Uint8Array => new Uint8Array(SUM_BYTES)
  database.aggregate('sum_of_rows', { start, step: add, result: (sum) => sum })
  database.function('sum_with', { deterministic: true, varargs: true }, (sum, ...rows) =>
    rows.reduce(add, Uint8Array.from(sum as Uint8Array)),
  )
}
