// SPDX-License-Identifier: Apache-2.0
/** Every choice of a simulation, from one seed: the small generator sfc32, its state filled by a 32-bit mixer. */

/** A stream of choices that its seed decides. Not for secrets. */
export class Chance {
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(seed: number) {
    let mixed = seed | 0
    const word = (): number => {
      mixed = (mixed + 0x9e37_79b9) | 0
      let z = mixed
      z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35)
      return z ^ (z >>> 16)
    }
    this.#a = word()
    this.#b = word()
    this.#c = word()
    for (let n = 0; n < 12; n += 1) this.next()
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return (sum >>> 0) / 4_294_967_296
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** Whether something of this probability happens. Why always drawn: so that a changed rate shifts nothing else. */
  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}
