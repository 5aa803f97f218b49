// SPDX-License-Identifier: Apache-2.0
/** Makes room for a report: schedules go on for ever, so the oldest reports give way to the newest. */
import { sql } from 'kysely'
import type { HubTransaction } from './database.ts'
import type { PostingRow } from './tables.ts'

const MIB = 1_024 * 1_024

/**
 * Reports that lie at the hub at most: about one schedule, of one agent, of a site.
 *
 * Why per schedule: one that runs every minute must not push out what one of every night has said. Why less than
 * postings may take: what people leave for each other has the rest.
 */
export const REPORT_ROOM = {
  about: { count: 256, bytes: 16 * MIB },
  agent: { count: 900, bytes: 48 * MIB },
  site: { count: 3_000, bytes: 160 * MIB },
} as const

/** Removes the reports that are too old to lie beside this one; other postings stay. */
export async function makeReportRoom(db: HubTransaction, report: PostingRow): Promise<void> {
  const { site_id: site, posted_by: by, about } = report
  const ofSite = sql<boolean>`site_id = ${site} AND kind = 'report'`
  const ofAgent = sql<boolean>`${ofSite} AND posted_by = ${by}`
  for (const [which, room] of [
    [sql<boolean>`${ofAgent} AND about = ${about}`, REPORT_ROOM.about],
    [ofAgent, REPORT_ROOM.agent],
    [ofSite, REPORT_ROOM.site],
  ] as const) {
    const bytes = room.bytes - report.sealed.length
    await sql`
      DELETE FROM postings WHERE site_id = ${site} AND posting_id IN (
        SELECT posting_id FROM (
          SELECT posting_id, row_number() OVER newest AS position,
            sum(length(sealed)) OVER newest AS size
          FROM postings WHERE ${which}
          WINDOW newest AS (ORDER BY posted_at DESC, posting_id DESC)
        ) AS reports WHERE position >= ${room.count} OR size > ${bytes}
      )
    `.execute(db)
  }
}
