// SPDX-License-Identifier: Apache-2.0
/** How many rows of a page fit into one answer. */

/** Counts the first rows whose sizes together stay within a bound; one at least, where there is any. */
export function countFitting(sizes: readonly number[], maxBytes: number): number {
  let sum = 0
  const over = sizes.findIndex((size) => {
    sum += size
    return sum > maxBytes
  })
  return over === -1 ? sizes.length : Math.max(over, 1)
}
