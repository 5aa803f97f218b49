// SPDX-License-Identifier: Apache-2.0
/** A map that forgets its oldest entry rather than grow past a size. */

/** Keeps at most `maxSize` entries. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #maxSize: number

  constructor(maxSize: number) {
    super()
    this.#maxSize = maxSize
  }

  override set(key: K, value: V): this {
    if (this.size >= this.#maxSize && !this.has(key)) {
      for (const oldest of this.keys()) {
        this.delete(oldest)
        break
      }
    }
    return super.set(key, value)
  }
}
