// SPDX-License-Identifier: Apache-2.0
/** Lets envelopes go that are done with: after their time, and the oldest first where they are too many. */
import { sql } from 'kysely'
import type { HubDatabase, HubTransaction } from './database.ts'
import type { Writes } from './writes.ts'

/** How much stays. */
export interface EnvelopeBounds {
  /** Answered and expired ones stay this long. */
  readonly doneMs: number
  /** Those that were delivered and never answered stay this long after their end. */
  readonly unansweredMs: number
  readonly donePerSite: number
  readonly doneBytesPerSite: number
}

/** Rows in one transaction: others write between. */
const BATCH_ROWS = 100
/** Written as in the partial index, word for word. */
const IS_DONE = sql<boolean>`e.state in ('answered', 'expired')`
const SIZE = sql<number>`octet_length(e.sealed) + coalesce(octet_length(r.sealed), 0)`

/** Removes what is too old or too much at a site. Returns how many. */
export async function sweepEnvelopes(
  { db, writes }: { db: HubDatabase; writes: Writes },
  siteId: string,
  { nowMs, bounds }: { nowMs: number; bounds: EnvelopeBounds },
): Promise<number> {
  const remove = (ids: readonly string[]) => writes.run((open) => removeAll(open, siteId, ids))
  let count = 0
  for (let ids = await findOld(db, siteId, { nowMs, bounds }); ids.length > 0;) {
    count += ids.length
    await remove(ids)
    ids = await findOld(db, siteId, { nowMs, bounds })
  }
  for (let over = await excess(db, siteId, bounds); over.count > 0 || over.bytes > 0;) {
    const ids: string[] = []
    for (const { id, size } of await oldestDone(db, siteId)) {
      if (over.count <= 0 && over.bytes <= 0) break
      ids.push(id)
      over = { count: over.count - 1, bytes: over.bytes - Number(size) }
    }
    if (ids.length === 0) break
    count += ids.length
    await remove(ids)
  }
  return count
}

async function findOld(
  db: HubDatabase,
  siteId: string,
  { nowMs, bounds }: { nowMs: number; bounds: EnvelopeBounds },
): Promise<string[]> {
  const doneBefore = nowMs - bounds.doneMs
  const rows = await db
    .selectFrom('envelopes as e')
    .select('e.envelope_id')
    .where('e.site_id', '=', siteId)
    .where(({ eb, or, and, fn }) =>
      or([
        and([IS_DONE, eb(fn.coalesce('e.answered_at', 'e.expires_at'), '<=', doneBefore)]),
        and([eb('e.state', '=', 'queued'), eb('e.expires_at', '<=', doneBefore)]),
        and([
          eb('e.state', '=', 'delivered'),
          eb('e.expires_at', '<=', nowMs - bounds.unansweredMs),
        ]),
      ]),
    )
    .limit(BATCH_ROWS)
    .execute()
  return rows.map((row) => row.envelope_id)
}

async function excess(db: HubDatabase, siteId: string, bounds: EnvelopeBounds) {
  const { count, bytes } = await withResults(db, siteId)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .select(sql<number>`coalesce(sum(${SIZE}), 0)`.as('bytes'))
    .executeTakeFirstOrThrow()
  return {
    count: Number(count) - bounds.donePerSite,
    bytes: Number(bytes) - bounds.doneBytesPerSite,
  }
}

function oldestDone(db: HubDatabase, siteId: string) {
  return withResults(db, siteId)
    .select(['e.envelope_id as id', SIZE.as('size')])
    .orderBy('e.queued_at')
    .orderBy('e.envelope_id')
    .limit(BATCH_ROWS)
    .execute()
}

function withResults(db: HubDatabase, siteId: string) {
  return db
    .selectFrom('envelopes as e')
    .leftJoin('results as r', (join) =>
      join.onRef('r.site_id', '=', 'e.site_id').onRef('r.envelope_id', '=', 'e.envelope_id'),
    )
    .where('e.site_id', '=', siteId)
    .where(IS_DONE)
}

async function removeAll(
  db: HubTransaction,
  siteId: string,
  ids: readonly string[],
): Promise<void> {
  for (const table of ['results', 'envelopes'] as const) {
    await db
      .deleteFrom(table)
      .where('site_id', '=', siteId)
      .where('envelope_id', 'in', [...ids])
      .execute()
  }
}
