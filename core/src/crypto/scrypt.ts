// SPDX-License-Identifier: Apache-2.0
/** Keys from passphrases. Source: RFC 7914, section 6. */
import { scryptSync } from 'node:crypto'

/** Cost of guessing a passphrase. Source: RFC 7914, section 2 (N, r, p); `n` is a power of two. */
export interface ScryptCost {
  readonly n: number
  readonly r: number
  readonly p: number
}

/** Derives a key of 32 bytes. The caller bounds the cost: this takes 128 · n · r bytes of memory. */
export function scryptKey(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost): Uint8Array {
  const { n, r, p } = cost
  const options = { N: n, r, p, maxmem: 256 * r * (n + p) }
  return new Uint8Array(scryptSync(passphrase, salt, 32, options))
}
