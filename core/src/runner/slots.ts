// SPDX-License-Identifier: Apache-2.0
/** So many runs at the same time; the next ones wait in their order, up to a bound. */

/** Places for runs. */
export class Slots {
  readonly #maxWaiting: number
  readonly #waiting: ((isTaken: boolean) => void)[] = []
  #free: number
  #isClosed = false

  constructor(size: number, maxWaiting: number) {
    this.#free = size
    this.#maxWaiting = maxWaiting
  }

  /** Resolves with true when a slot is taken, with false when too many wait already or no more are given. */
  take(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve(true)
    }
    if (this.#waiting.length >= this.#maxWaiting) return Promise.resolve(false)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Gives a taken slot back, to the next one that waits. */
  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next(true)
  }

  /** Gives no more slots; whoever waits gets none. */
  close(): void {
    this.#isClosed = true
    for (const next of this.#waiting.splice(0)) next(false)
  }
}
