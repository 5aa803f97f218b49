// SPDX-License-Identifier: Apache-2.0
/** Opens the store of a hub: a file of its own, or a database that several hubs share. */
import type { Clock } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { LogEvent } from 'kysely'
import { openDatabase, type HubDatabase } from './database.ts'
import type { PostgresListener } from './postgres-listener.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { ownClock, type StoreClock } from './store-clock.ts'

/** Where the store is: a file, or the address of a PostgreSQL database. */
export type StorePlace = { readonly file: string } | { readonly url: string }

/** An open store. What it opened is closed by the scope. */
export interface OpenStore {
  readonly db: HubDatabase
  readonly clock: StoreClock
  /** The other hubs; none where the store is a file. */
  readonly others: PostgresListener | undefined
}

/**
 * Opens the store and brings its schema up to date. `clock` is used in place of the store's own.
 *
 * Throws: ERR_HUB_DATABASE, ERR_HUB_SCHEMA_NEWER, ERR_USAGE.
 */
export async function openStore(
  place: StorePlace,
  clocks: { readonly given: Clock | undefined; readonly own: Clock },
  scope: AsyncDisposableStack,
  onStatement?: (event: LogEvent) => void,
): Promise<OpenStore> {
  if ('file' in place) {
    const db = await openDatabase(() => sqliteDialect(place.file), undefined, onStatement)
    scope.adopt(db, (open) => open.destroy())
    return { db, clock: ownClock(clocks.given ?? clocks.own), others: undefined }
  }
  // Why here: a hub with a file of its own starts without the client of PostgreSQL.
  const { postgresDialect } = await import('./postgres-dialect.ts')
  const db = await openDatabase(() => postgresDialect(place.url), undefined, onStatement)
  scope.adopt(db, (open) => open.destroy())
  const others = scope.use(await openListener(place.url))
  const clock = clocks.given === undefined ? others.clock : ownClock(clocks.given)
  return { db, clock, others }
}

async function openListener(url: string): Promise<PostgresListener> {
  const { PostgresListener } = await import('./postgres-listener.ts')
  try {
    return await PostgresListener.open(url)
  } catch (cause) {
    if (isCodedError(cause) && cause.code === 'ERR_USAGE') throw cause
    throw new CodedError('ERR_HUB_DATABASE', 'the database of the hub cannot be opened', { cause })
  }
}
