// SPDX-License-Identifier: Apache-2.0
/**
 * Values that count once, in the memory of a hub that is the only one of its store. It forgets all at its end, and then
 * rather than forget one of them: what was said under its old generation counts no more.
 */
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { randomUUID } from 'node:crypto'
import type { OnceMemory } from './once-store.ts'

/** About 70 MB. Four thousand requests a second fill it within the time for which a proof is remembered. */
const MAX_VALUES = 500_000
/** What a clock may be set back without notice. */
const SLACK_MS = 1_000

/** Takes values by a map from each to the time at which it ends, oldest first. */
export class MemoryOnceStore implements OnceMemory {
  readonly #clock: Clock
  readonly #maxValues: number
  readonly #ends = new Map<string, number>()
  #generation = newGeneration()
  #latestMs = 0

  constructor(clock: Clock, maxValues: number = MAX_VALUES) {
    this.#clock = clock
    this.#maxValues = maxValues
  }

  /** Of this start of the hub; another one after the memory was full or the clock was set back. */
  get generation(): string {
    return this.#generation
  }

  async take(kind: string, value: string, ttlMs: number): Promise<boolean> {
    const nowMs = this.#clock.now()
    const isSetBack = nowMs < this.#latestMs - SLACK_MS
    this.#latestMs = isSetBack ? nowMs : Math.max(nowMs, this.#latestMs)
    this.#forgetOld()
    if (isSetBack) throw this.#forgetAll()
    const name = `${kind}:${value}`
    if (this.#ends.has(name)) return false
    if (this.#ends.size >= this.#maxValues) throw this.#forgetAll()
    this.#ends.set(name, this.#latestMs + ttlMs + SLACK_MS)
    return true
  }

  /** Why only from the front: all values of a kind live equally long, and one that waits for another is only kept longer. */
  #forgetOld(): void {
    for (const [name, endMs] of this.#ends) {
      if (endMs > this.#latestMs) return
      this.#ends.delete(name)
    }
  }

  #forgetAll(): CodedError {
    this.#ends.clear()
    this.#generation = newGeneration()
    return new CodedError('ERR_STORE_AWAY', 'the memory of what was used begins anew')
  }
}

function newGeneration(): string {
  return `m${randomUUID()}`
}
