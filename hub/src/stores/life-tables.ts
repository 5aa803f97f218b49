// SPDX-License-Identifier: Apache-2.0
/** A step of the schema: how agents stand, which start of their program spoke last, and what a code does when it is redeemed. */
import type { Kysely } from 'kysely'

/** Adds the columns. Agents that are there already are active. */
export async function addLives(db: Kysely<unknown>): Promise<void> {
  const agents = (name: string, type: 'text' | 'bigint' | 'integer', initial?: string) =>
    db.schema
      .alterTable('agents')
      .addColumn(name, type, (column) =>
        initial === undefined ? column : column.notNull().defaultTo(initial),
      )
      .execute()
  await agents('standing', 'text', 'active')
  await agents('standing_at', 'bigint')
  await agents('instance', 'text')
  await agents('instance_at', 'bigint')
  await agents('start_count', 'integer')
  await agents('past_instances', 'text', '')
  await db.schema
    .alterTable('codes')
    .addColumn('must_confirm', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema
    .alterTable('codes')
    .addColumn('replaces', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
}
