// SPDX-License-Identifier: Apache-2.0
/** A step of the schema: which sizes of the hub's log are known to whom, so that the rest of an old log can go. */
import { sql, type Kysely } from 'kysely'

/** Adds the table, and the index by which what is done with is found. */
export async function addRetention(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('seen_heads')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('shown', 'bigint', (column) => column.notNull())
    .addColumn('answered', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('seen_heads_key', ['site_id', 'key_id'])
    .execute()
  await db.schema
    .createIndex('envelopes_done')
    .on('envelopes')
    .columns(['site_id', 'queued_at', 'envelope_id'])
    .where(sql<boolean>`state in ('answered', 'expired')`)
    .execute()
}
