// SPDX-License-Identifier: Apache-2.0
/** Makes a backup of a hub's database while the hub works in it. */
import { instantOf } from '@sallyport/core/protocol'
import { Kysely, type Dialect } from 'kysely'
import { writeBackupFile } from './backup-file.ts'
import { readSnapshot, type AnyTables, type RowCounts } from './read-snapshot.ts'

/** A backup that was made. */
export interface BackupSummary {
  readonly madeAt: string
  readonly siteCount: number
  readonly agentCount: number
  readonly rowCount: number
  readonly byteCount: number
}

/**
 * Writes what the database has at this moment into a new file of mode 0600.
 *
 * Why a connection of its own: the hub goes on writing through others, and this one sees none of it.
 * Throws: ERR_HUB_DATABASE, ERR_HUB_SCHEMA_NEWER, the errors of the database and of the file system (EEXIST).
 */
export async function makeBackup(
  dialect: Dialect,
  to: { path: string; nowMs: number; hubVersion: string },
): Promise<BackupSummary> {
  const db = new Kysely<AnyTables>({ dialect })
  try {
    let counts: RowCounts = {}
    const onCounted = (all: RowCounts) => (counts = all)
    const byteCount = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((snapshot) => writeBackupFile(to.path, readSnapshot(snapshot, { ...to, onCounted })))
    return {
      madeAt: instantOf(to.nowMs),
      siteCount: counts['sites'] ?? 0,
      agentCount: counts['agents'] ?? 0,
      rowCount: Object.values(counts).reduce((sum, count) => sum + count, 0),
      byteCount,
    }
  } finally {
    await db.destroy()
  }
}
