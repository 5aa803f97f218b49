// SPDX-License-Identifier: Apache-2.0
/** Values that count once: proofs of requests, answered challenges. */

/** Takes values. */
export interface OnceStore {
  /**
   * Whether this very call is the first to take the value. It is remembered for `ttlMs`.
   *
   * Trust: false and every exception mean no. It must never be asked about a value that is refused for its age only
   * after `ttlMs`.
   * Throws: ERR_STORE_AWAY when the store cannot say.
   */
  take(kind: string, value: string, ttlMs: number): Promise<boolean>
}

/** A store that may lose what it was told, and then says so. */
export interface OnceMemory extends OnceStore {
  /** One letter for the store, and what changes whenever it has lost anything; undefined while it is away. */
  readonly generation: string | undefined
}
