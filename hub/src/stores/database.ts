// SPDX-License-Identifier: Apache-2.0
/** Opens the hub's database and brings its schema up to date. */
import { CodedError } from '@sallyport/sdk'
import { Kysely, type Dialect, type Transaction } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { migrations } from './migrations.ts'
import type { HubTables } from './tables.ts'

/** The database, open. */
export type HubDatabase = Kysely<HubTables>

/** The database inside one transaction. */
export type HubTransaction = Transaction<HubTables>

/**
 * Opens the database and runs the migrations it lacks, all of them or none.
 *
 * Throws: ERR_HUB_DATABASE when it cannot be opened, is damaged, or is of a newer version.
 */
export async function openDatabase(
  dialect: () => Dialect,
  steps: Readonly<Record<string, Migration>> = migrations,
): Promise<HubDatabase> {
  let db: HubDatabase | undefined
  try {
    db = new Kysely<HubTables>({ dialect: dialect() })
    const provider = { getMigrations: () => Promise.resolve({ ...steps }) }
    const { error } = await new Migrator({ db, provider }).migrateToLatest()
    if (error !== undefined) throw error as Error
    return db
  } catch (cause) {
    await db?.destroy()
    throw new CodedError('ERR_HUB_DATABASE', 'the database of the hub cannot be opened', { cause })
  }
}
