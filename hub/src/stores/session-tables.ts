// SPDX-License-Identifier: Apache-2.0
/** A step of the schema: keys of sessions that change with time, and values that count once. */
import type { Kysely } from 'kysely'

/** Adds the tables. The one key that tokens had before goes; sessions are opened anew. */
export async function addSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('hub_keys').execute()
  await db.schema
    .createTable('session_keys')
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('slot', 'bigint', (column) => column.notNull())
    .addColumn('secret', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('session_keys_key', ['purpose', 'slot'])
    .execute()
  await db.schema
    .createTable('once')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('once_key', ['kind', 'value'])
    .execute()
  await db.schema.createIndex('once_by_time').on('once').column('expires_at').execute()
}
