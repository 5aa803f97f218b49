// SPDX-License-Identifier: Apache-2.0
/** The keys under which the hub witnesses: one for each site, made once, so that two logs never share a key. */
import { makeSigningKey, type SigningKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import type { HubDatabase } from './database.ts'
import type { Writes } from './writes.ts'

/** Random bytes of a key. */
export const WITNESS_SEED_BYTES = 32

/** Keeps the keys. */
export class WitnessKeyStore {
  readonly #db: HubDatabase
  readonly #writes: Writes
  readonly #loaded = new Map<string, SigningKey>()

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** The key of a site, or one made now of the seed that `makeSeed` gives when there is none. */
  async load(siteId: string, makeSeed: () => Uint8Array, nowMs: number): Promise<SigningKey> {
    const known = this.#loaded.get(siteId)
    if (known !== undefined) return known
    const seed = (await this.#find(siteId)) ?? (await this.#make(siteId, makeSeed(), nowMs))
    const key = makeSigningKey(decodeBase64url(seed))
    this.#loaded.set(siteId, key)
    return key
  }

  async #find(siteId: string): Promise<string | undefined> {
    const query = this.#db.selectFrom('witness_keys').select('seed').where('site_id', '=', siteId)
    return (await query.executeTakeFirst())?.seed
  }

  /** Why it reads again: of two at once, the first one's seed stands. */
  async #make(siteId: string, fresh: Uint8Array, nowMs: number): Promise<string> {
    const seed = encodeBase64url(fresh)
    await this.#writes.run((db) =>
      db
        .insertInto('witness_keys')
        .values({ site_id: siteId, seed, made_at: nowMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    return (await this.#find(siteId)) ?? seed
  }
}
