// SPDX-License-Identifier: Apache-2.0
/** Backup and restore of the hub that a folder or an address names, for the programs of whoever runs it. */
import { openStateDirectory } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Dialect } from 'kysely'
import { postgresDialect } from '../stores/postgres-dialect.ts'
import { sqliteDialect } from '../stores/sqlite-dialect.ts'
import { readVersion } from '../version.ts'
import { makeBackup, type BackupSummary } from './make-backup.ts'
import { restoreBackup, type RestoreSummary } from './restore-backup.ts'

/** Where the database of a hub is. */
export interface HubPlace {
  /** Folder of its own database; not used when the database is elsewhere. */
  readonly dataDir: string
  /** Address of a PostgreSQL database. */
  readonly database?: string | undefined
}

/** Why other bounds than a hub's: a file is written between one question and the next, however slow its disk is. */
const PATIENT = { connections: 2, standstillMs: 600_000, statementMs: 3_600_000 }

/**
 * Backs a hub up into a new file. The hub may run.
 *
 * Throws: ERR_HUB_DATABASE, ERR_HUB_SCHEMA_NEWER, ERR_USAGE, the errors of the file system (EEXIST).
 */
export async function backupHub(place: HubPlace, path: string): Promise<BackupSummary> {
  const made = { path, nowMs: systemClock.now(), hubVersion: readVersion() }
  try {
    return await makeBackup(existing(place), made)
  } catch (cause) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown }
    const isKnown = isCodedError(cause) && String(code).startsWith('ERR_')
    if (isKnown || isOfFiles(syscall)) throw cause
    throw new CodedError('ERR_HUB_DATABASE', 'the database of the hub cannot be read', { cause })
  }
}

/**
 * Restores a backup into the empty database at a place. No hub may run there.
 *
 * Throws: ERR_STATE_LOCKED, ERR_STATE_MODE, ERR_STATE_DIRECTORY; as `restoreBackup`.
 */
export async function restoreHub(place: HubPlace, path: string): Promise<RestoreSummary> {
  const from = { path, nowMs: systemClock.now(), randomBytes }
  const { database, dataDir } = place
  if (database !== undefined) return restoreBackup(() => postgresDialect(database, PATIENT), from)
  using directory = openStateDirectory(dataDir)
  return await restoreBackup(() => sqliteDialect(directory.file('hub.db')), from)
}

/** Why looked for: opening it would make it. */
function existing({ database, dataDir }: HubPlace): Dialect {
  if (database !== undefined) return postgresDialect(database, PATIENT)
  const file = join(dataDir, 'hub.db')
  if (existsSync(file)) return sqliteDialect(file)
  throw new CodedError('ERR_HUB_DATABASE', `there is no database of a hub in ${dataDir}`)
}

/** Errors of files and of connections both name the call that failed; only the former are about a file of the caller's. */
function isOfFiles(syscall: unknown): boolean {
  return ['open', 'write', 'fsync', 'link'].includes(String(syscall))
}
