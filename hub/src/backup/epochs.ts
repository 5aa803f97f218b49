// SPDX-License-Identifier: Apache-2.0
/** Keeps the sites of a restored hub closed until an operator of today has confirmed what the hub now holds. */
import { redeemHashOf } from '@sallyport/core/crypto'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { Principal } from '../sessions/principals.ts'
import { revokeAll } from '../stores/agent-lives.ts'
import type { HubDatabase } from '../stores/database.ts'
import { appendToSiteLog } from '../stores/site-log.ts'
import type { EpochRow } from '../stores/tables.ts'
import type { Writes } from '../stores/writes.ts'

/** What the epochs need. */
export interface EpochsParts {
  readonly clock: Clock
  readonly db: HubDatabase
  readonly writes: Writes
}

/** Knows which sites wait. */
export class Epochs {
  readonly #parts: EpochsParts
  #waiting: Promise<Set<string>> | undefined

  constructor(parts: EpochsParts) {
    this.#parts = parts
  }

  /** Sites that wait to be confirmed. A site begins to wait by a restore, never while a hub runs. */
  async waiting(): Promise<ReadonlySet<string>> {
    this.#waiting ??= findWaiting(this.#parts.db)
    return this.#waiting
  }

  /**
   * Lets a request through unless its site waits. Before that, people may do what `mayPass` says, and agents nothing.
   *
   * Throws: ERR_EPOCH_UNCONFIRMED.
   */
  async expectConfirmed({ siteId, role }: Principal, mayPass: boolean): Promise<void> {
    const waiting = await this.waiting()
    if (!waiting.has(siteId) || (mayPass && role !== 'agent')) return
    const epoch = await this.newest(siteId)
    if (epoch?.confirmed_at == null) {
      throw new CodedError(
        'ERR_EPOCH_UNCONFIRMED',
        'this hub was restored, and no operator of the site has confirmed it yet',
      )
    }
    // Another hub of the same store was told.
    ;(await this.#waiting)?.delete(siteId)
  }

  /** The newest epoch of a site; none when its hub was never restored. */
  async newest(siteId: string): Promise<EpochRow | undefined> {
    return newestOf(this.#parts.db, siteId)
  }

  /** The site whose newest epoch a code is of. Throws: ERR_CONFIRM_CODE. */
  async siteOf(confirmToken: string): Promise<string> {
    const { db } = this.#parts
    const row = await db
      .selectFrom('epochs')
      .selectAll()
      .where('confirm_hash', '=', redeemHashOf(confirmToken))
      .executeTakeFirst()
    if (row === undefined || (await newestOf(db, row.site_id))?.epoch !== row.epoch) throw refuse()
    return row.site_id
  }

  /**
   * Opens a site. Agents that were revoked since the backup are revoked again, in the same transaction. The same again
   * changes nothing.
   *
   * Throws: ERR_CONFIRM_CODE.
   */
  async confirm(
    { siteId, keyId }: Principal,
    { confirmToken, revokedAgents }: { confirmToken: string; revokedAgents: readonly string[] },
  ): Promise<EpochRow> {
    const { clock, writes } = this.#parts
    if ((await this.siteOf(confirmToken)) !== siteId) throw refuse()
    const nowMs = clock.now()
    const confirmed = await writes.run(async (db) => {
      const row = await newestOf(db, siteId)
      if (row === undefined || row.confirm_hash !== redeemHashOf(confirmToken)) throw refuse()
      if (row.confirmed_at !== null) return row
      await revokeAll(db, siteId, revokedAgents, nowMs)
      await db
        .updateTable('epochs')
        .set({ confirmed_at: nowMs, confirmed_by: keyId })
        .where('site_id', '=', siteId)
        .where('epoch', '=', row.epoch)
        .execute()
      const { epoch } = row
      await appendToSiteLog(db, siteId, { event: 'hub.confirmed', epoch, by: keyId }, nowMs)
      return { ...row, confirmed_at: nowMs, confirmed_by: keyId }
    })
    ;(await this.#waiting)?.delete(siteId)
    return confirmed
  }
}

async function newestOf(db: HubDatabase, siteId: string): Promise<EpochRow | undefined> {
  return db
    .selectFrom('epochs')
    .selectAll()
    .where('site_id', '=', siteId)
    .orderBy('epoch', 'desc')
    .limit(1)
    .executeTakeFirst()
}

async function findWaiting(db: HubDatabase): Promise<Set<string>> {
  const rows = await db
    .selectFrom('epochs')
    .select(['site_id', 'epoch', 'confirmed_at'])
    .orderBy('epoch')
    .execute()
  const newest = new Map(rows.map((row) => [row.site_id, row.confirmed_at]))
  return new Set([...newest].flatMap(([siteId, at]) => (at === null ? [siteId] : [])))
}

function refuse(): CodedError<'ERR_CONFIRM_CODE'> {
  return new CodedError('ERR_CONFIRM_CODE', 'this is not the code of the newest restore')
}
