// SPDX-License-Identifier: Apache-2.0
/** Bounds the bytes that are on their way at once, of each peer and in all: memory that slow peers can make the hub hold. */
import { CodedError } from '@sallyport/sdk'

/** A part of the budget. Units: bytes. */
export interface Reservation {
  readonly subject: string
  readonly bytes: number
  /** The most that this subject may have. */
  readonly mostOfSubject: number
}

const RETRY_AFTER_MS = 1_000

/** Keeps one budget. */
export class ByteBudget {
  readonly #most: number
  readonly #bySubject = new Map<string, number>()
  #total = 0

  /** `most` is what all subjects together may have. Units: bytes. */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * Reserves bytes until the returned function is called.
   *
   * Why one that has nothing yet always gets its part: a single message may be larger than a small budget.
   * Throws: ERR_BUSY.
   */
  reserve({ subject, bytes, mostOfSubject }: Reservation): () => void {
    const held = this.#bySubject.get(subject) ?? 0
    const isTooMuchOfIts = held > 0 && held + bytes > mostOfSubject
    const isTooMuch = this.#total > 0 && this.#total + bytes > this.#most
    if (isTooMuchOfIts || isTooMuch) {
      const details = { retryAfterMs: RETRY_AFTER_MS }
      throw new CodedError('ERR_BUSY', 'too much is on its way already', { details })
    }
    this.#add(subject, bytes)
    let isHeld = true
    return () => {
      if (isHeld) this.#add(subject, -bytes)
      isHeld = false
    }
  }

  #add(subject: string, bytes: number): void {
    this.#total += bytes
    const left = (this.#bySubject.get(subject) ?? 0) + bytes
    if (left === 0) this.#bySubject.delete(subject)
    else this.#bySubject.set(subject, left)
  }
}
