// SPDX-License-Identifier: Apache-2.0
/** Access tokens that were alive when they were shown: whoever floods an address does not keep their bearers out. */
import { sha256 } from '@sallyport/core/crypto'
import { BoundedMap } from '../sessions/bounded-map.ts'

/** Remembers tokens by their hashes. Trust: it opens nothing; each request is still authenticated. */
export class FamiliarTokens {
  readonly #hashes: BoundedMap<string, true>

  constructor(maxTokens: number) {
    this.#hashes = new BoundedMap(maxTokens)
  }

  has(token: string): boolean {
    return this.#hashes.has(hashOf(token))
  }

  add(token: string): void {
    this.#hashes.set(hashOf(token), true)
  }
}

function hashOf(token: string): string {
  return Buffer.from(sha256(Buffer.from(token))).toString('base64url')
}
