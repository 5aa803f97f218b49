// SPDX-License-Identifier: Apache-2.0
/** The keys of sessions, shared by all processes of a hub: one for each purpose and stretch of time. */
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import type { HubDatabase } from './database.ts'
import type { SessionKeyRow } from './tables.ts'

/** Names a key. */
export interface SessionKeySlot {
  readonly purpose: SessionKeyRow['purpose']
  /** Counts the stretches of time. */
  readonly slot: number
}

/** Keeps the keys. */
export class SessionKeyStore {
  readonly #db: HubDatabase

  constructor(db: HubDatabase) {
    this.#db = db
  }

  /** The secret of a slot, if it has one. */
  async find({ purpose, slot }: SessionKeySlot): Promise<Uint8Array | undefined> {
    const row = await this.#db
      .selectFrom('session_keys')
      .select('secret')
      .where('purpose', '=', purpose)
      .where('slot', '=', slot)
      .executeTakeFirst()
    return row === undefined ? undefined : decodeBase64url(row.secret)
  }

  /** The secret of a slot: `fresh`, unless another process was there before. Older slots than `oldest` go. */
  async settle(
    { purpose, slot }: SessionKeySlot,
    fresh: Uint8Array,
    oldest: number,
  ): Promise<Uint8Array> {
    await this.#db
      .insertInto('session_keys')
      .values({ purpose, slot, secret: encodeBase64url(fresh) })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await this.#db
      .deleteFrom('session_keys')
      .where('purpose', '=', purpose)
      .where('slot', '<', oldest)
      .execute()
    return (await this.find({ purpose, slot })) ?? fresh
  }
}
