// SPDX-License-Identifier: Apache-2.0
/** Brings the rows of a backup into the schema that they are of. */
import type { Transaction } from 'kysely'
import { runMigrations, type MigrationSteps } from '../stores/migrations-run.ts'
import type { BackupVisitor } from './backup-file.ts'
import {
  badBackup,
  valueOf,
  type BackupCell,
  type BackupHead,
  type BackupRow,
  type BackupTable,
} from './backup-form.ts'
import { BACKUP_TABLES } from './backup-tables.ts'
import type { AnyTables } from './read-snapshot.ts'

/** Rows in one statement: parameters are bounded. */
const MAX_BATCH_ROWS = 64
const MAX_BATCH_BYTES = 4 * 1_024 * 1_024

/** Writes rows as they are read, a batch at a time. */
export class RowWriter implements BackupVisitor {
  head: BackupHead | undefined
  rowCount = 0
  readonly #db: Transaction<AnyTables>
  readonly #steps: MigrationSteps
  #at: BackupTable | undefined
  #batch: Record<string, unknown>[] = []
  #batchBytes = 0

  constructor(db: Transaction<AnyTables>, steps: MigrationSteps) {
    this.#db = db
    this.#steps = steps
  }

  /** Why that schema first: the rows are of it, and the steps after it know what to do with them. */
  async begin(head: BackupHead): Promise<void> {
    this.head = head
    const taken = head.steps.toSorted()
    const upTo = taken.at(-1)!
    const wanted = Object.keys(this.#steps).filter((name) => name <= upTo)
    if (wanted.toSorted().join() !== taken.join()) throw badBackup('it lacks steps of the schema')
    await runMigrations(this.#db, { steps: this.#steps, upTo })
  }

  async table(next: BackupTable): Promise<void> {
    await this.flush()
    if (BACKUP_TABLES[next.table as keyof typeof BACKUP_TABLES] === undefined) {
      throw badBackup(`it has a table ${JSON.stringify(next.table)}, which backups do not have`)
    }
    this.#at = next
  }

  async row(cells: BackupRow): Promise<void> {
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

function sizeOf(cell: BackupCell): number {
  if (typeof cell === 'string') return cell.length
  return typeof cell === 'object' && cell !== null ? cell.bytes.length : 8
}
