// SPDX-License-Identifier: Apache-2.0
/** Counts what plugins hold open at the same time, all their runs together. */
import { CodedError } from '@sallyport/sdk'

/** Bounds of what is held open. */
export interface SeatBounds {
  readonly max: number
  readonly maxPerPlugin: number
}

/** The seats of one kind of thing. */
export class Seats {
  readonly #bounds: SeatBounds
  readonly #taken = new Map<string, number>()
  #takenCount = 0

  constructor(bounds: SeatBounds) {
    this.#bounds = bounds
  }

  /** Seats taken by all plugins. */
  get takenCount(): number {
    return this.#takenCount
  }

  /** Takes a seat; call what it returns once, to give it back. Throws: ERR_LIMIT when none is free. */
  take(pluginName: string): () => void {
    const { max, maxPerPlugin } = this.#bounds
    if ((this.#taken.get(pluginName) ?? 0) >= maxPerPlugin) {
      throw new CodedError('ERR_LIMIT', `${pluginName} has ${maxPerPlugin} connections open`)
    }
    if (this.#takenCount >= max) {
      throw new CodedError('ERR_LIMIT', `the plugins of this agent have ${max} connections open`)
    }
    this.#count(pluginName, 1)
    return () => this.#count(pluginName, -1)
  }

  #count(pluginName: string, change: 1 | -1): void {
    this.#takenCount += change
    const taken = (this.#taken.get(pluginName) ?? 0) + change
    if (taken === 0) this.#taken.delete(pluginName)
    else this.#taken.set(pluginName, taken)
  }
}
