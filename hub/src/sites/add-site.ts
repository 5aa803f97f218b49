// SPDX-License-Identifier: Apache-2.0
/** Has a hub serve one more site, while it runs or not, for the program of whoever runs it. */
import { openStateDirectory } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import { isCodedError } from '@sallyport/sdk'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { HubPlace } from '../backup/backup-hub.ts'
import { openDatabase, type HubDatabase } from '../stores/database.ts'
import { postgresDialect } from '../stores/postgres-dialect.ts'
import { SiteStore } from '../stores/site-store.ts'
import { sqliteDialect } from '../stores/sqlite-dialect.ts'
import { Writes } from '../stores/writes.ts'
import { readSite } from './register-sites.ts'

/** What was added. */
export interface AddedSite {
  readonly siteId: string
  /** Of the newest trust root that is held now. */
  readonly version: number
  readonly siteCount: number
}

/**
 * Registers the site of a file in the database of a hub.
 *
 * Why in the database: every process of the hub reads it with each request, so that none has to be told.
 * Throws: ERR_SITE_FILE, ERR_HUB_DATABASE, ERR_HUB_SCHEMA_NEWER, ERR_ROOT_REFUSED, ERR_ROOT_CONFLICT, ERR_OPERATOR_KEY.
 */
export async function addSite(place: HubPlace, file: string): Promise<AddedSite> {
  const root = await readSite(file)
  const db = await openPlace(place)
  try {
    const sites = new SiteStore(db, new Writes(db))
    await sites.register(root, systemClock.now())
    const { siteId, version } = root.root
    return { siteId, version, siteCount: await sites.count() }
  } finally {
    await db.destroy()
  }
}

async function openPlace({ database, dataDir }: HubPlace): Promise<HubDatabase> {
  if (database !== undefined) return openDatabase(() => postgresDialect(database))
  makeFolder(dataDir)
  return openDatabase(() => sqliteDialect(join(dataDir, 'hub.db')))
}

/** Why not held: a hub may run in it. */
function makeFolder(dataDir: string): void {
  try {
    openStateDirectory(dataDir)[Symbol.dispose]()
  } catch (error) {
    const isHeld = isCodedError(error) && error.code === 'ERR_STATE_LOCKED'
    if (!isHeld || !existsSync(join(dataDir, 'hub.db'))) throw error
  }
}
