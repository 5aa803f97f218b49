// SPDX-License-Identifier: Apache-2.0
/** Opens the hub's database and brings its schema up to date. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { Kysely, type Dialect, type LogEvent, type Transaction } from 'kysely'
import { runMigrations, type MigrationSteps } from './migrations-run.ts'
import type { HubTables } from './tables.ts'

/** The database, open. */
export type HubDatabase = Kysely<HubTables>

/** The database inside one transaction. */
export type HubTransaction = Transaction<HubTables>

/**
 * Opens the database and runs the migrations it lacks, all of them or none. `onStatement` is told of each statement.
 *
 * Throws: ERR_HUB_DATABASE when it cannot be opened or is damaged; ERR_HUB_SCHEMA_NEWER.
 */
export async function openDatabase(
  dialect: () => Dialect,
  steps?: MigrationSteps,
  onStatement: (event: LogEvent) => void = () => undefined,
): Promise<HubDatabase> {
  let db: HubDatabase | undefined
  try {
    db = new Kysely<HubTables>({ dialect: dialect(), log: onStatement })
    await runMigrations(db, steps === undefined ? {} : { steps })
    return db
  } catch (cause) {
    await db?.destroy()
    if (isCodedError(cause) && cause.code === 'ERR_HUB_SCHEMA_NEWER') throw cause
    throw new CodedError('ERR_HUB_DATABASE', 'the database of the hub cannot be opened', { cause })
  }
}
