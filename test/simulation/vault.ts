// SPDX-License-Identifier: Apache-2.0
/** Sealing in a simulation: deliveries are real JWE, opened once each; answers are tokens, because JWE costs what ten entries do. */
import type { Sealer } from '@sallyport/core/runner'
import { openOnce } from './papers.ts'
import type { Chance } from './random.ts'
import type { Life, Timeline } from './timeline.ts'

/** Who keeps what answers say. */
export class Vault {
  readonly #texts = new Map<string, Uint8Array>()
  readonly #timeline: Timeline
  readonly #chance: Chance

  constructor(timeline: Timeline, chance: Chance) {
    this.#timeline = timeline
    this.#chance = chance
  }

  /** What a sealed answer says. */
  read(sealed: string): Uint8Array | undefined {
    return this.#texts.get(sealed)
  }

  /** A sealer whose work takes simulated time and ends with the process. Why numbered: no two sealings give the same text. */
  sealerOf(life: Life): Sealer {
    return {
      seal: (plaintext) => {
        const text = `sealed ${this.#texts.size}`
        this.#texts.set(text, plaintext)
        return this.#after(() => Promise.resolve(text), life)
      },
      open: (sealed, key, maxBytes) => this.#after(() => openOnce(sealed, key, maxBytes), life),
    }
  }

  #after<T>(work: () => Promise<T>, life: Life): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#timeline.after(this.#chance.between(0, 3), () => work().then(resolve, reject), life)
    })
  }
}
