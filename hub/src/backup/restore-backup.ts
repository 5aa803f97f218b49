// SPDX-License-Identifier: Apache-2.0
/** Brings a backup into an empty database, of whatever store, in one transaction. */
import { makeConfirmCode } from '@sallyport/core/crypto'
import { epochMs } from '@sallyport/core/protocol'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { Kysely, type Dialect, type Transaction } from 'kysely'
import type { HubTransaction } from '../stores/database.ts'
import {
  expectKnown,
  MIGRATION_LOCK_TABLE,
  MIGRATION_TABLE,
  readSteps,
  runMigrations,
} from '../stores/migrations-run.ts'
import { migrations } from '../stores/migrations.ts'
import { readBackupFile, type BackupVisitor } from './backup-file.ts'
import { badBackup, valueOf, type BackupHead, type BackupTable } from './backup-form.ts'
import { BACKUP_TABLES, FORMER_TABLES } from './backup-tables.ts'
import { beginEpochs, type BegunEpoch } from './begin-epochs.ts'
import type { AnyTables } from './read-snapshot.ts'

/** A site of a restored hub, and the code with which an operator of it lets its agents in. */
export interface RestoredSite extends BegunEpoch {
  readonly confirmCode: string
}

/** A hub that was restored. */
export interface RestoreSummary {
  readonly madeAt: string
  readonly hubVersion: string
  readonly rowCount: number
  readonly sites: readonly RestoredSite[]
}

/** Looks at the file alone: a database is not touched for one that is damaged. */
const WHOLE: BackupVisitor = {
  async begin({ steps }) {
    expectKnown(steps)
  },
  async table() {},
  async row() {},
}

/** Rows in one statement: parameters are bounded. */
const MAX_BATCH_ROWS = 64
const MAX_BATCH_BYTES = 4 * 1_024 * 1_024

/**
 * Restores a backup: all of it, in a schema that is up to date and with a new epoch for each site, or nothing.
 *
 * Throws: ERR_HUB_BACKUP, ERR_HUB_SCHEMA_NEWER, ERR_HUB_NOT_EMPTY, ERR_HUB_DATABASE.
 */
export async function restoreBackup(
  dialect: () => Dialect,
  from: { path: string; nowMs: number; randomBytes: (count: number) => Uint8Array },
): Promise<RestoreSummary> {
  await readBackupFile(from.path, WHOLE)
  const db = new Kysely<AnyTables>({ dialect: dialect() })
  try {
    return await db.transaction().execute((transaction) => restore(transaction, from))
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
  { path, nowMs, randomBytes }: Parameters<typeof restoreBackup>[1],
): Promise<RestoreSummary> {
  await clearEmpty(db)
  const rows = new RowWriter(db)
  await readBackupFile(path, rows)
  await rows.flush()
  const { head } = rows
  if (head === undefined) throw badBackup('it is empty')
  await runMigrations(db)
  const backupAtMs = epochMs(head.madeAt)
  const begun = await beginEpochs(db as unknown as HubTransaction, {
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
async function clearEmpty(db: Transaction<AnyTables>): Promise<void> {
  expectKnown(await readSteps(db))
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

/** Writes rows as they are read, a batch at a time. */
class RowWriter implements BackupVisitor {
  head: BackupHead | undefined
  rowCount = 0
  readonly #db: Transaction<AnyTables>
  #at: BackupTable | undefined
  #batch: Record<string, unknown>[] = []
  #batchBytes = 0

  constructor(db: Transaction<AnyTables>) {
    this.#db = db
  }

  /** Why that schema first: the rows are of it, and the steps after it know what to do with them. */
  async begin(head: BackupHead): Promise<void> {
    this.head = head
    const steps = head.steps.toSorted()
    const last = steps.at(-1)!
    const wanted = Object.keys(migrations).filter((name) => name <= last)
    if (wanted.toSorted().join() !== steps.join()) throw badBackup('it lacks steps of the schema')
    await runMigrations(this.#db, { upTo: last })
  }

  async table(next: BackupTable): Promise<void> {
    await this.flush()
    if (BACKUP_TABLES[next.table as keyof typeof BACKUP_TABLES] === undefined) {
      throw badBackup(`it has a table ${JSON.stringify(next.table)}, which backups do not have`)
    }
    this.#at = next
  }

  async row(cells: Parameters<BackupVisitor['row']>[0]): Promise<void> {
    const columns = this.#at?.columns ?? []
    if (cells.length !== columns.length) throw badBackup('a row of it has another length')
    this.#batch.push(Object.fromEntries(columns.map((name, at) => [name, valueOf(cells[at]!)])))
    for (const cell of cells) this.#batchBytes += sizeOf(cell)
    this.rowCount += 1
    if (this.#batch.length >= MAX_BATCH_ROWS || this.#batchBytes >= MAX_BATCH_BYTES) {
      await this.flush()
    }
  }

  async flush(): Promise<void> {
    const batch = this.#batch
    ;[this.#batch, this.#batchBytes] = [[], 0]
    if (batch.length === 0) return
    await this.#db.insertInto(this.#at!.table).values(batch).execute()
  }
}

function sizeOf(cell: Parameters<BackupVisitor['row']>[0][number]): number {
  if (typeof cell === 'string') return cell.length
  return typeof cell === 'object' && cell !== null ? cell.bytes.length : 8
}
