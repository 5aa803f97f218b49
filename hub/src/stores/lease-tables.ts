// SPDX-License-Identifier: Apache-2.0
/** The step of the schema in which leases got holders. */
import type { Kysely } from 'kysely'

/** Adds the column: which request of which hub holds an envelope. */
export async function addLeaseHolders(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('envelopes').addColumn('lease_holder', 'text').execute()
}
