// SPDX-License-Identifier: Apache-2.0
/** The keys that are out until an operator lifts them, as every request asks for them. */
import type { Clock } from '@sallyport/core/wiring'
import type { Principal } from '../sessions/principals.ts'
import type { LimitStore } from '../stores/limit-store.ts'

/** How old the list may be: so long another hub of the same database goes on with a key that this one put out. */
const MAX_AGE_MS = 1_000

/** Puts keys out and lets them in again. */
export class Quarantines {
  readonly #store: LimitStore
  readonly #clock: Clock
  #keys: ReadonlySet<string> = new Set()
  #readAt = -Infinity
  #reading: Promise<void> | undefined

  constructor(store: LimitStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Whether this key is out. Throws: what the database throws; then nobody is let in. */
  async has(keyId: string): Promise<boolean> {
    if (performance.now() - this.#readAt >= MAX_AGE_MS) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
      await this.#reading
    }
    return this.#keys.has(keyId)
  }

  /** Puts a key out. */
  async add({ keyId, siteId, role }: Pick<Principal, 'keyId' | 'siteId' | 'role'>): Promise<void> {
    const since = this.#clock.now()
    await this.#store.quarantine({ key_id: keyId, site_id: siteId, role, since })
    this.#keys = new Set([...this.#keys, keyId])
  }

  /** Lets it in again. Returns whether it was out. */
  async lift(siteId: string, keyId: string): Promise<boolean> {
    const wasOut = await this.#store.lift(siteId, keyId)
    this.#readAt = -Infinity
    return wasOut
  }

  async #read(): Promise<void> {
    const rows = await this.#store.quarantined()
    this.#keys = new Set(rows.map(({ key_id: keyId }) => keyId))
    this.#readAt = performance.now()
  }
}
