// SPDX-License-Identifier: Apache-2.0
/** Plugin bundles by digest. The hub keeps bytes; what they are worth is decided by whoever verifies an approval. */
import { CodedError } from '@sallyport/sdk'
import type { HubDatabase } from './database.ts'
import { lock, siteLock } from './locks.ts'
import type { Writes } from './writes.ts'

/** Keeps the bundles of each site apart. */
export class BundleStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** Adds a bundle; again does nothing. Throws: ERR_BUNDLE_QUOTA at `maxCount` bundles of a site. */
  async add(
    bundle: { siteId: string; digest: string; bytes: Uint8Array; nowMs: number },
    maxCount: number,
  ): Promise<void> {
    const { siteId, digest, bytes, nowMs } = bundle
    await this.#writes.run(async (db) => {
      await lock(db, siteLock(siteId))
      const { count } = await db
        .selectFrom('bundles')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('site_id', '=', siteId)
        .where('digest', '!=', digest)
        .executeTakeFirstOrThrow()
      if (Number(count) >= maxCount) {
        throw new CodedError('ERR_BUNDLE_QUOTA', 'this site has as many bundles as it may have')
      }
      await db
        .insertInto('bundles')
        .values({ site_id: siteId, digest, bytes, stored_at: nowMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }, siteLock(siteId))
  }

  /** The bytes with this digest. */
  async find(siteId: string, digest: string): Promise<Uint8Array | undefined> {
    const row = await this.#db
      .selectFrom('bundles')
      .select('bytes')
      .where('site_id', '=', siteId)
      .where('digest', '=', digest)
      .executeTakeFirst()
    return row?.bytes
  }
}
