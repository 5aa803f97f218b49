// SPDX-License-Identifier: Apache-2.0
/** Pages of envelopes, newest first, cut where their text grows too large for one answer. */
import { sql } from 'kysely'
import type { HubDatabase } from './database.ts'
import { selectAnswered, type AnsweredEnvelope } from './envelope-store.ts'
import { countFitting } from './page-sizes.ts'

/** Where a page of envelopes goes on: before this one. */
export interface EnvelopePosition {
  readonly queuedAt: number
  readonly envelopeId: string
}

/** What a page is made of. */
export interface EnvelopePageQuery {
  readonly agentId: string | undefined
  readonly before: EnvelopePosition | undefined
  readonly limit: number
  /** Sum of sealed characters at which the page ends; it has one row at least. */
  readonly maxSealedBytes: number
}

/** One page. `hasMore` says that older envelopes follow. */
export interface EnvelopePage {
  readonly rows: AnsweredEnvelope[]
  readonly hasMore: boolean
}

/** Reads a page: first the sizes, then only the rows that fit. */
export async function readEnvelopePage(
  db: HubDatabase,
  siteId: string,
  page: EnvelopePageQuery,
): Promise<EnvelopePage> {
  const sizes = await readSizes(db, siteId, page)
  const lengths = sizes.map((row) => row.sealed_size + row.result_size)
  const fitting = countFitting(lengths.slice(0, page.limit), page.maxSealedBytes)
  if (fitting === 0) return { rows: [], hasMore: false }
  const ids = sizes.slice(0, fitting).map((row) => row.envelope_id)
  const rows = await selectAnswered(db, siteId).where('e.envelope_id', 'in', ids).execute()
  rows.sort((a, b) => ids.indexOf(a.envelope_id) - ids.indexOf(b.envelope_id))
  return { rows, hasMore: sizes.length > fitting }
}

function readSizes(db: HubDatabase, siteId: string, page: EnvelopePageQuery) {
  const { agentId, before } = page
  let query = db
    .selectFrom('envelopes as e')
    .leftJoin('results as r', (join) =>
      join.onRef('r.site_id', '=', 'e.site_id').onRef('r.envelope_id', '=', 'e.envelope_id'),
    )
    .select(['e.envelope_id', sql<number>`length(e.sealed)`.as('sealed_size')])
    .select(sql<number>`coalesce(length(r.sealed), 0)`.as('result_size'))
    .where('e.site_id', '=', siteId)
  if (agentId !== undefined) query = query.where('e.agent_id', '=', agentId)
  if (before !== undefined) {
    query = query.where(({ eb, or, and }) =>
      or([
        eb('e.queued_at', '<', before.queuedAt),
        and([eb('e.queued_at', '=', before.queuedAt), eb('e.envelope_id', '<', before.envelopeId)]),
      ]),
    )
  }
  return query
    .orderBy('e.queued_at', 'desc')
    .orderBy('e.envelope_id', 'desc')
    .limit(page.limit + 1)
    .execute()
}
