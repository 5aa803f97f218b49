// SPDX-License-Identifier: Apache-2.0
/** Postings: sealed text that people and agents of a site leave for people to find, until it ends. */
import { CodedError } from '@sallyport/sdk'
import { sql } from 'kysely'
import type { HubDatabase, HubTransaction } from './database.ts'
import { lock, siteLock } from './locks.ts'
import { countFitting } from './page-sizes.ts'
import { makeReportRoom } from './report-room.ts'
import type { PostingRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** How much may lie at the hub at once, and for how long. */
export interface PostingCaps {
  readonly countPerSite: number
  readonly bytesPerSite: number
  /** Of one key, so that nobody takes the room of all. */
  readonly countPerPoster: number
  readonly bytesPerPoster: number
  readonly maxLifetimeMs: number
}

/** Which postings a page has. */
export interface PostingPageQuery {
  readonly kind?: PostingRow['kind'] | undefined
  readonly about?: string | undefined
  readonly agentId?: string | undefined
  readonly before: { readonly postedAt: number; readonly postingId: string } | undefined
  readonly limit: number
  /** Sum of sealed characters at which the page ends; it has one row at least. */
  readonly maxSealedBytes: number
}

/** Keeps the postings. */
export class PostingStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** Adds a posting, or returns the one that has its id. Throws: ERR_POSTING_LIFETIME, ERR_POSTING_QUOTA. */
  async add(posting: PostingRow, caps: PostingCaps): Promise<PostingRow | undefined> {
    return this.#writes.run(async (db) => {
      await lock(db, siteLock(posting.site_id))
      await purge(db, posting.site_id, posting.posted_at)
      const earlier = await find(db, posting.site_id, posting.posting_id)
      if (earlier !== undefined) return earlier
      refuseLifetime(posting, caps.maxLifetimeMs)
      if (posting.kind === 'report') await makeReportRoom(db, posting)
      await refuseWhenFull(db, posting, caps)
      await db.insertInto('postings').values(posting).execute()
      return undefined
    }, siteLock(posting.site_id))
  }

  /** Removes what has ended at a site. */
  async purge(siteId: string, nowMs: number): Promise<void> {
    const ended = await this.#db
      .selectFrom('postings')
      .select('posting_id')
      .where('site_id', '=', siteId)
      .where('expires_at', '<=', nowMs)
      .limit(1)
      .executeTakeFirst()
    if (ended === undefined) return
    await this.#writes.run((db) => purge(db, siteId, nowMs), siteLock(siteId))
  }

  /** A page, newest first: the sizes, then only the rows that fit. */
  async page(
    siteId: string,
    query: PostingPageQuery,
  ): Promise<{ rows: PostingRow[]; hasMore: boolean }> {
    const sizes = await this.#sizes(siteId, query)
    const lengths = sizes.slice(0, query.limit).map(({ size }) => size)
    const ids = sizes.slice(0, countFitting(lengths, query.maxSealedBytes)).map((row) => row.id)
    if (ids.length === 0) return { rows: [], hasMore: false }
    const rows = await this.#db
      .selectFrom('postings')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('posting_id', 'in', ids)
      .execute()
    rows.sort((a, b) => ids.indexOf(a.posting_id) - ids.indexOf(b.posting_id))
    return { rows, hasMore: sizes.length > ids.length }
  }

  #sizes(siteId: string, { kind, about, agentId, before, limit }: PostingPageQuery) {
    let query = this.#db
      .selectFrom('postings')
      .select(['posting_id as id', sql<number>`length(sealed)`.as('size')])
      .where('site_id', '=', siteId)
    if (kind !== undefined) query = query.where('kind', '=', kind)
    if (about !== undefined) query = query.where('about', '=', about)
    if (agentId !== undefined) query = query.where('agent_id', '=', agentId)
    if (before !== undefined) {
      query = query.where(({ eb, or, and }) =>
        or([
          eb('posted_at', '<', before.postedAt),
          and([eb('posted_at', '=', before.postedAt), eb('posting_id', '<', before.postingId)]),
        ]),
      )
    }
    return query
      .orderBy('posted_at', 'desc')
      .orderBy('posting_id', 'desc')
      .limit(limit + 1)
      .execute()
  }
}

async function find(db: HubTransaction, siteId: string, postingId: string) {
  return db
    .selectFrom('postings')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('posting_id', '=', postingId)
    .executeTakeFirst()
}

async function purge(db: HubTransaction, siteId: string, nowMs: number): Promise<void> {
  await db
    .deleteFrom('postings')
    .where('site_id', '=', siteId)
    .where('expires_at', '<=', nowMs)
    .execute()
}

/** Why after looking for an earlier one: a posting that is sent again in its last second is still the same. */
function refuseLifetime(posting: PostingRow, maxLifetimeMs: number): void {
  const lifetimeMs = posting.expires_at - posting.posted_at
  if (lifetimeMs > 0 && lifetimeMs <= maxLifetimeMs) return
  throw new CodedError('ERR_POSTING_LIFETIME', 'a posting must end after now and within 400 days')
}

async function refuseWhenFull(
  db: HubTransaction,
  posting: PostingRow,
  caps: PostingCaps,
): Promise<void> {
  const inSite = db.selectFrom('postings').where('site_id', '=', posting.site_id)
  const byPoster = inSite.where('posted_by', '=', posting.posted_by)
  for (const [query, maxCount, maxBytes] of [
    [byPoster, caps.countPerPoster, caps.bytesPerPoster],
    [inSite, caps.countPerSite, caps.bytesPerSite],
  ] as const) {
    const held = await query
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .select(sql<number>`coalesce(sum(length(sealed)), 0)`.as('bytes'))
      .executeTakeFirstOrThrow()
    const isOver = Number(held.bytes) + posting.sealed.length > maxBytes
    if (Number(held.count) >= maxCount || isOver) {
      throw new CodedError('ERR_POSTING_QUOTA', 'too much lies at the hub for this site already')
    }
  }
}
