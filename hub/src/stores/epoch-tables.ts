// SPDX-License-Identifier: Apache-2.0
/** A step of the schema: which time a hub was restored, and whether an operator of each site has confirmed it. */
import type { Kysely } from 'kysely'

/** Adds the table. */
export async function addEpochs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('epochs')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('epoch', 'integer', (column) => column.notNull())
    .addColumn('begun_at', 'bigint', (column) => column.notNull())
    .addColumn('backup_at', 'bigint', (column) => column.notNull())
    .addColumn('confirm_hash', 'text', (column) => column.notNull().unique())
    .addColumn('confirmed_at', 'bigint')
    .addColumn('confirmed_by', 'text')
    .addPrimaryKeyConstraint('epochs_key', ['site_id', 'epoch'])
    .execute()
}
