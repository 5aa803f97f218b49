// SPDX-License-Identifier: Apache-2.0
/** The tables of limits: which entries of a site's log are steps, and the keys that are out. */
import type { Kysely } from 'kysely'

/** Adds them. */
export async function addLimits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('limit_steps')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('limit_steps_key', ['site_id', 'position'])
    .execute()
  await db.schema
    .createTable('quarantines')
    .addColumn('key_id', 'text', (column) => column.primaryKey())
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .execute()
}
