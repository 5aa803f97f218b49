// SPDX-License-Identifier: Apache-2.0
/** The key that signs access tokens. It is kept with the data, so that a restart leaves sessions alive. */
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { makeAccessTokenKey, type AccessTokenKey } from '@sallyport/core/crypto'
import type { HubDatabase } from './database.ts'

/** The newest key, or one made now of `freshSeed` when there is none. */
export async function loadAccessTokenKey(
  db: HubDatabase,
  freshSeed: Uint8Array,
  nowMs: number,
): Promise<AccessTokenKey> {
  return db.transaction().execute(async (transaction) => {
    const query = transaction.selectFrom('hub_keys').select('seed').orderBy('made_at', 'desc')
    const row = await query.executeTakeFirst()
    if (row !== undefined) return makeAccessTokenKey(decodeBase64url(row.seed))
    const key = makeAccessTokenKey(freshSeed)
    const seed = encodeBase64url(freshSeed)
    await transaction
      .insertInto('hub_keys')
      .values({ key_id: key.keyId, seed, made_at: nowMs })
      .execute()
    return key
  })
}
