// SPDX-License-Identifier: Apache-2.0
/** Brings a schema up to date in one transaction, and refuses one that a newer hub made. */
import { CodedError } from '@sallyport/sdk'
import type { Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { migrations } from './migrations.ts'

/** Steps of a schema by name. */
export type MigrationSteps = Readonly<Record<string, Migration>>

/** Where the library notes the steps that were taken. */
export const MIGRATION_TABLE = 'kysely_migration'
/** Where it locks them. */
export const MIGRATION_LOCK_TABLE = 'kysely_migration_lock'

interface MigrationTables {
  [MIGRATION_TABLE]: { name: string }
}

/**
 * Takes the steps that the schema lacks, all of them or none; with `upTo`, those to that one.
 *
 * Why nothing is undone: a database that a newer hub changed has data that this one does not know of.
 * Throws: ERR_HUB_SCHEMA_NEWER; an error of the database.
 */
export async function runMigrations<Tables>(
  db: Kysely<Tables>,
  { steps = migrations, upTo }: { steps?: MigrationSteps; upTo?: string } = {},
): Promise<void> {
  expectKnown(await readSteps(db), steps)
  const wanted = Object.entries(steps).filter(([name]) => upTo === undefined || name <= upTo)
  const provider = { getMigrations: () => Promise.resolve(Object.fromEntries(wanted)) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw error as Error
}

/** Names of the steps that were taken, oldest first; none in a database without a schema. */
export async function readSteps<Tables>(db: Kysely<Tables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === MIGRATION_TABLE)) return []
  const known = db as unknown as Kysely<MigrationTables>
  const rows = await known.selectFrom(MIGRATION_TABLE).select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

/** Throws: ERR_HUB_SCHEMA_NEWER when a step was taken that this hub does not know. */
export function expectKnown(taken: readonly string[], steps: MigrationSteps = migrations): void {
  const foreign = taken.filter((name) => !Object.hasOwn(steps, name))
  if (foreign.length === 0) return
  throw new CodedError(
    'ERR_HUB_SCHEMA_NEWER',
    `a newer hub made this: it has ${foreign.join(', ')}, which this one does not know`,
    { details: { unknownSteps: foreign } },
  )
}
