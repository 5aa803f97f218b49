// SPDX-License-Identifier: Apache-2.0
/**
 * Challenges and nonces, and what is used up with them. A nonce carries the generation of the memory in which the use of
 * its proofs will be noted: when that memory has lost anything, or is away, they are refused, and new ones name another.
 */
import type { Clock } from '@sallyport/core/wiring'
import { randomBytes } from 'node:crypto'
import type { HubLimits } from '../limits.ts'
import type { OnceMemory } from './once-store.ts'
import type { SessionKeys } from './session-keys.ts'
import { makeStamp, readStamp, type StampTerms } from './stamps.ts'

/** What the values are made of. */
export interface OnceValuesParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly keys: SessionKeys
  /** Of the proofs; the first that is there is used, and the last one is always there. */
  readonly memories: readonly OnceMemory[]
  /** Of the challenges. Why not the same: there are few, and one that was lost would cost a person's command. */
  readonly burned: OnceMemory & { readonly generation: string }
}

/** A challenge and the instant at which it ends. */
export interface Challenge {
  readonly challenge: string
  readonly expiresAtMs: number
}

/** All clients share a nonce for so long. */
const NONCE_STEP_MS = 15_000
/** What a stamp of another process of this hub may be ahead of this one's clock. */
const AHEAD_MS = 30_000
const SALT_BYTES = 10
const SHARED_SALT = new Uint8Array(SALT_BYTES)

/** Issues challenges and nonces, and lets each use of them happen once. */
export class OnceValues {
  readonly #parts: OnceValuesParts
  #nonce = { text: '', atMs: 0, generation: '' }

  constructor(parts: OnceValuesParts) {
    this.#parts = parts
  }

  /** Makes a challenge for a key, known or not: whoever asks does not learn which. */
  async challenge(keyId: string): Promise<Challenge> {
    const { clock, limits, keys } = this.#parts
    const ms = clock.now()
    const { generation } = this.#parts.burned
    const terms = { kind: 'challenge', generation, keyId } as const
    const challenge = await makeStamp(keys, terms, { ms, salt: randomBytes(SALT_BYTES) })
    return { challenge, expiresAtMs: ms + limits.challengeMs }
  }

  /** Whether this challenge was issued for this key, still lives, and is burned by this very call. */
  async burn(challenge: string, keyId: string): Promise<boolean> {
    const { burned, limits } = this.#parts
    const { generation } = burned
    const lifeMs = limits.challengeMs
    const isOurs = await this.#isAlive({ kind: 'challenge', generation, keyId }, challenge, lifeMs)
    return isOurs && burned.take('challenge', challenge, lifeMs + AHEAD_MS)
  }

  /** When a challenge of ours was issued for this key. Units: epoch milliseconds. */
  async issuedAt(challenge: string, keyId: string): Promise<number | undefined> {
    const { keys, burned } = this.#parts
    return readStamp(keys, { kind: 'challenge', generation: burned.generation, keyId }, challenge)
  }

  /** The nonce for the next proof. */
  async nonce(): Promise<string> {
    const generation = this.#generation()
    const atMs = Math.floor(this.#parts.clock.now() / NONCE_STEP_MS) * NONCE_STEP_MS
    const held = this.#nonce
    if (held.atMs === atMs && held.generation === generation) return held.text
    const terms = { kind: 'nonce', generation, keyId: '' } as const
    const text = await makeStamp(this.#parts.keys, terms, { ms: atMs, salt: SHARED_SALT })
    this.#nonce = { text, atMs, generation }
    return text
  }

  /** Whoever remembers the proofs that were made with this nonce; undefined when it is not to be used any more. */
  async proofMemory(nonce: string): Promise<OnceMemory | undefined> {
    const { memories, limits } = this.#parts
    for (const memory of memories) {
      const { generation } = memory
      if (generation === undefined) continue
      const terms = { kind: 'nonce', generation, keyId: '' } as const
      if (await this.#isAlive(terms, nonce, limits.nonceMs)) return memory
    }
    return undefined
  }

  /**
   * Whether this very call is the first to use a proof. `memory` is that of its nonce.
   *
   * Throws: ERR_STORE_AWAY.
   */
  async useProof(memory: OnceMemory, proof: string): Promise<boolean> {
    return memory.take('proof', proof, this.#parts.limits.nonceMs + AHEAD_MS)
  }

  #generation(): string {
    const memory = this.#parts.memories.find(({ generation }) => generation !== undefined)
    return memory?.generation ?? ''
  }

  async #isAlive(terms: StampTerms, text: string, lifeMs: number): Promise<boolean> {
    const atMs = await readStamp(this.#parts.keys, terms, text)
    if (atMs === undefined) return false
    const ageMs = this.#parts.clock.now() - atMs
    return ageMs < lifeMs && ageMs >= -AHEAD_MS
  }
}
