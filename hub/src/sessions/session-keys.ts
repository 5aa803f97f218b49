// SPDX-License-Identifier: Apache-2.0
/**
 * The keys of sessions, each for its stretch of time. All processes of a hub find the same ones in the database, and a
 * key is looked up by its stretch, so that no process has to be told of a new one and none is missed.
 */
import {
  ACCESS_TOKEN_SEED_BYTES,
  makeAccessTokenKey,
  type AccessTokenAlgorithm,
  type AccessTokenKey,
} from '@sallyport/core/crypto'
import type { Clock } from '@sallyport/core/wiring'
import { randomBytes } from 'node:crypto'
import type { HubLimits } from '../limits.ts'
import type { SessionKeySlot, SessionKeyStore } from '../stores/session-key-store.ts'
import { BoundedMap } from './bounded-map.ts'

/** What the keys are made of. */
export interface SessionKeysParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly store: SessionKeyStore
  readonly algorithm: AccessTokenAlgorithm
}

const STAMP_KEY_BYTES = 32
/** Slots before and after this one that are looked up: more are neither alive nor made yet. */
const NEAR_SLOTS = 1
const KEPT_KEYS = 16
const TOKEN_KEY_ID = /^(ES256|HS512)-([0-9]{1,10})$/

/** Gives the keys. */
export class SessionKeys {
  readonly #parts: SessionKeysParts
  readonly #tokenKeys = new BoundedMap<string, AccessTokenKey>(KEPT_KEYS)
  readonly #stampKeys = new BoundedMap<number, Uint8Array>(KEPT_KEYS)

  constructor(parts: SessionKeysParts) {
    this.#parts = parts
  }

  /** The key that signs tokens now. */
  async tokenKey(): Promise<AccessTokenKey> {
    const { algorithm } = this.#parts
    const slot = this.#slotAt(this.#parts.clock.now())
    const keyId = tokenKeyId(algorithm, slot)
    const held = this.#tokenKeys.get(keyId)
    if (held !== undefined) return held
    const size = ACCESS_TOKEN_SEED_BYTES[algorithm]
    return this.#keep(keyId, await this.#settle({ purpose: algorithm, slot }, size))
  }

  /** The key with this id, if tokens of it may still be alive. Those of the other algorithm are not taken. */
  async findTokenKey(keyId: string): Promise<AccessTokenKey | undefined> {
    const [, algorithm, digits] = TOKEN_KEY_ID.exec(keyId) ?? []
    const slot = Number(digits)
    if (algorithm !== this.#parts.algorithm || !this.#isNear(slot)) return undefined
    const held = this.#tokenKeys.get(keyId)
    if (held !== undefined) return held
    const seed = await this.#parts.store.find({ purpose: this.#parts.algorithm, slot })
    return seed === undefined ? undefined : this.#keep(keyId, seed)
  }

  /** The key of stamps that were made at an instant; undefined when that is too far from now. */
  async stampKey(atMs: number): Promise<Uint8Array | undefined> {
    const slot = this.#slotAt(atMs)
    if (!this.#isNear(slot)) return undefined
    const held = this.#stampKeys.get(slot)
    if (held !== undefined) return held
    const key = await this.#settle({ purpose: 'stamp', slot }, STAMP_KEY_BYTES)
    this.#stampKeys.set(slot, key)
    return key
  }

  #keep(keyId: string, seed: Uint8Array): AccessTokenKey {
    const key = makeAccessTokenKey(keyId, seed, this.#parts.algorithm)
    this.#tokenKeys.set(keyId, key)
    return key
  }

  #settle(at: SessionKeySlot, bytes: number): Promise<Uint8Array> {
    return this.#parts.store.settle(at, randomBytes(bytes), at.slot - NEAR_SLOTS)
  }

  #slotAt(ms: number): number {
    return Math.floor(ms / this.#parts.limits.sessionKeyMs)
  }

  #isNear(slot: number): boolean {
    return Math.abs(slot - this.#slotAt(this.#parts.clock.now())) <= NEAR_SLOTS
  }
}

function tokenKeyId(algorithm: AccessTokenAlgorithm, slot: number): string {
  return `${algorithm}-${slot}`
}
