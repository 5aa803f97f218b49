// SPDX-License-Identifier: Apache-2.0
/** Challenges: random, short-lived, answered once. */
import { encodeBase64url } from '@sallyport/core/protocol'
import type { Clock } from '@sallyport/core/wiring'
import { Keyv } from 'keyv'
import { randomBytes } from 'node:crypto'
import type { HubLimits } from '../limits.ts'
import { BoundedMap } from './bounded-map.ts'

/** A challenge and the instant at which it ends. */
export interface Challenge {
  readonly challenge: string
  readonly expiresAtMs: number
}

interface Asked {
  readonly keyId: string
  readonly expiresAtMs: number
}

const CHALLENGE_BYTES = 32

/** Issues challenges and burns them. */
export class Challenges {
  readonly #open: Keyv<Asked>
  readonly #clock: Clock
  readonly #limits: HubLimits

  constructor(clock: Clock, limits: HubLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#open = new Keyv<Asked>({ store: new BoundedMap(limits.challengeCount) })
  }

  /** Makes a challenge for a key, known or not: whoever asks does not learn which. */
  async issue(keyId: string): Promise<Challenge> {
    const challenge = encodeBase64url(randomBytes(CHALLENGE_BYTES))
    const expiresAtMs = this.#clock.now() + this.#limits.challengeMs
    await this.#open.set(challenge, { keyId, expiresAtMs }, this.#limits.challengeMs)
    return { challenge, expiresAtMs }
  }

  /**
   * Whether this challenge was issued for this key, still lives, and is burned by this very call.
   *
   * Why: of two calls at once only one sees `delete` remove something.
   */
  async burn(challenge: string, keyId: string): Promise<boolean> {
    const asked = await this.#open.get(challenge)
    if (asked === undefined || asked.keyId !== keyId) return false
    if (asked.expiresAtMs <= this.#clock.now()) return false
    return (await this.#open.delete(challenge)) === true
  }
}
