// SPDX-License-Identifier: Apache-2.0
/** Brings a backup into an empty database, of whatever store, in one transaction. */
import { makeConfirmCode } from '@sallyport/core/crypto'
import { epochMs } from '@sallyport/core/protocol'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { Kysely, type Dialect, type Transaction } from 'kysely'
import {
  expectKnown,
  MIGRATION_LOCK_TABLE,
  MIGRATION_TABLE,
  readSteps,
  runMigrations,
  type MigrationSteps,
} from '../stores/migrations-run.ts'
import { migrations } from '../stores/migrations.ts'
import { readBackupFile } from './backup-file.ts'
import { badBackup } from './backup-form.ts'
import { BACKUP_TABLES, FORMER_TABLES } from './backup-tables.ts'
import { beginEpochs, type BegunEpoch } from './begin-epochs.ts'
import type { AnyTables } from './read-snapshot.ts'
import { RowWriter } from './row-writer.ts'

/** A site of a restored hub, and the code with which an operator of it lets its agents in. */
export interface RestoredSite extends BegunEpoch {
  readonly confirmCode: string
}

/** What is restored. */
export interface RestoreRequest {
  readonly path: string
  readonly nowMs: number
  readonly randomBytes: (count: number) => Uint8Array
  /** Steps of the schema; those of this hub unless given. */
  readonly steps?: MigrationSteps
}

/** A hub that was restored. */
export interface RestoreSummary {
  readonly madeAt: string
  readonly hubVersion: string
  readonly rowCount: number
  readonly sites: readonly RestoredSite[]
}

/**
 * Restores a backup: all of it, in a schema that is up to date and with a new epoch for each site, or nothing.
 *
 * Throws: ERR_HUB_BACKUP, ERR_HUB_SCHEMA_NEWER, ERR_HUB_NOT_EMPTY, ERR_HUB_DATABASE.
 */
export async function restoreBackup(
  dialect: () => Dialect,
  from: RestoreRequest,
): Promise<RestoreSummary> {
  const { path, steps = migrations } = from
  // The file alone first: a database is not touched for one that is damaged.
  await readBackupFile(path, {
    begin: async (head) => expectKnown(head.steps, steps),
    table: async () => {},
    row: async () => {},
  })
  const db = new Kysely<AnyTables>({ dialect: dialect() })
  try {
    return await db.transaction().execute((open) => restore(open, { ...from, steps }))
  } catch (cause) {
    if (isCodedError(cause) && /^ERR_(HUB|USAGE)/.test(cause.code)) throw cause
    throw new CodedError('ERR_HUB_DATABASE', 'the backup cannot be brought into the database', {
      cause,
    })
  } finally {
    await db.destroy()
  }
}

async function restore(
  db: Transaction<AnyTables>,
  { path, nowMs, randomBytes, steps }: Required<RestoreRequest>,
): Promise<RestoreSummary> {
  await clearEmpty(db, steps)
  const rows = new RowWriter(db, steps)
  await readBackupFile(path, rows)
  await rows.flush()
  const { head } = rows
  if (head === undefined) throw badBackup('it is empty')
  await runMigrations(db, { steps })
  const backupAtMs = epochMs(head.madeAt)
  const begun = await beginEpochs(db, {
    nowMs,
    backupAtMs,
    randomBytes,
  })
  return {
    madeAt: head.madeAt,
    hubVersion: head.hubVersion,
    rowCount: rows.rowCount,
    sites: begun.map(({ secret, ...site }) => ({ ...site, confirmCode: makeConfirmCode(secret) })),
  }
}

/**
 * Takes the tables of a database that serves no site away, so that the backup's own schema can be made.
 *
 * Throws: ERR_HUB_NOT_EMPTY, ERR_HUB_SCHEMA_NEWER.
 */
async function clearEmpty(db: Transaction<AnyTables>, steps: MigrationSteps): Promise<void> {
  expectKnown(await readSteps(db), steps)
  const all = await db.introspection.getTables({ withInternalKyselyTables: true })
  const there = new Set(all.map(({ name }) => name))
  if (there.has('sites')) {
    const site = await db.selectFrom('sites').select('site_id').limit(1).executeTakeFirst()
    if (site !== undefined) {
      throw new CodedError('ERR_HUB_NOT_EMPTY', 'this database serves a site already', {
        details: { siteId: site['site_id'] },
      })
    }
  }
  const ours = [...FORMER_TABLES, ...Object.keys(BACKUP_TABLES).toReversed()]
  for (const table of new Set([...ours, MIGRATION_TABLE, MIGRATION_LOCK_TABLE])) {
    if (there.has(table)) await db.schema.dropTable(table).execute()
  }
}
