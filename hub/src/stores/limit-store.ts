// SPDX-License-Identifier: Apache-2.0
/** Steps against repeated invalid attempts, and the keys that are out until an operator lifts them. */
import type { HubDatabase } from './database.ts'
import { siteLock } from './locks.ts'
import { appendToSiteLog, type LimitEvent } from './site-log.ts'
import type { QuarantineRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** A step as it stands in the log of its site: canonical JSON. */
export type StepEntry = string

/** Keeps both. */
export class LimitStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** Writes a step to the log of a site, of which the newest `keep` can be listed. */
  async note(
    siteId: string,
    event: LimitEvent,
    { nowMs, keep }: { nowMs: number; keep: number },
  ): Promise<void> {
    await this.#writes.run(async (db) => {
      const position = await appendToSiteLog(db, siteId, event, nowMs)
      await db.insertInto('limit_steps').values({ site_id: siteId, position }).execute()
      const older = db
        .selectFrom('limit_steps')
        .select('position')
        .where('site_id', '=', siteId)
        .orderBy('position', 'desc')
        .offset(keep)
        .limit(1)
      const last = await older.executeTakeFirst()
      if (last === undefined) return
      await db
        .deleteFrom('limit_steps')
        .where('site_id', '=', siteId)
        .where('position', '<=', last.position)
        .execute()
    }, siteLock(siteId))
  }

  /** The newest steps of a site, newest first. */
  async steps(siteId: string, limit: number): Promise<StepEntry[]> {
    const rows = await this.#db
      .selectFrom('limit_steps')
      .innerJoin('site_log', (join) =>
        join
          .onRef('site_log.site_id', '=', 'limit_steps.site_id')
          .onRef('site_log.position', '=', 'limit_steps.position'),
      )
      .select('site_log.entry')
      .where('limit_steps.site_id', '=', siteId)
      .orderBy('limit_steps.position', 'desc')
      .limit(limit)
      .execute()
    return rows.map(({ entry }) => entry)
  }

  /** Every site of this hub. */
  async siteIds(): Promise<string[]> {
    const rows = await this.#db.selectFrom('sites').select('site_id').execute()
    return rows.map(({ site_id: siteId }) => siteId)
  }

  /** Puts a key out. Once more changes nothing. */
  async quarantine(row: QuarantineRow): Promise<void> {
    await this.#writes.run((db) =>
      db
        .insertInto('quarantines')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
  }

  /** Lifts it. Returns whether the key was out. */
  async lift(siteId: string, keyId: string): Promise<boolean> {
    return this.#writes.run(async (db) => {
      const lifted = await db
        .deleteFrom('quarantines')
        .where('site_id', '=', siteId)
        .where('key_id', '=', keyId)
        .executeTakeFirst()
      return lifted.numDeletedRows > 0n
    })
  }

  /** The keys of a site that are out, the first first; of every site when none is named. */
  async quarantined(siteId?: string): Promise<QuarantineRow[]> {
    const query = this.#db.selectFrom('quarantines').selectAll().orderBy('since')
    return (siteId === undefined ? query : query.where('site_id', '=', siteId)).execute()
  }
}
