// SPDX-License-Identifier: Apache-2.0
/**
 * Where the hubs of a suite work: each in a file of its own, or all in one PostgreSQL and one Redis.
 *
 * A suite says nothing of it. It is run once for each of the two by the projects of jest.config.js; with
 * `HUB_STORES=postgres npm test -- <suite>` any suite works in PostgreSQL and Redis.
 */
import { randomInt, randomUUIDv7 } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client } from 'pg'

/** The programs that were started for a test run. */
export interface StartedStores {
  /** Address of the database that each hub gets a copy of: all tables, and nothing in them. */
  readonly template: string
  readonly redis: string
  /** Databases that this Redis has. */
  readonly redisDatabaseCount: number
}

/** What a hub is told of its stores; nothing where it works in a file of its own. */
export interface HubStores {
  readonly database?: string | undefined
  readonly redis?: string | undefined
}

/** How long the hub may be writing just then. Units: milliseconds. */
const BUSY_MS = 5_000

/** Where the programs are named that were started for a test run. */
export const STARTED_STORES = 'HUB_STORES_STARTED'

function startedStores(): StartedStores | undefined {
  const { HUB_STORES = '', [STARTED_STORES]: started } = process.env
  if (HUB_STORES !== 'postgres') return undefined
  if (started === undefined) throw new Error('no PostgreSQL was started for this test run')
  return JSON.parse(started) as StartedStores
}

/** Empty stores for one hub, or for several that share them. They are gone with the scope. */
export async function freshStores(scope: AsyncDisposableStack): Promise<HubStores> {
  const started = startedStores()
  if (started === undefined) return {}
  const name = `hub_${randomUUIDv7().replaceAll('-', '')}`
  const administer = (text: string) =>
    inDatabase(addressOf(started.template, 'postgres'), (client) => client.query(text))
  await administer(`create database ${name} template ${nameOf(started.template)}`)
  scope.defer(async () => void (await administer(`drop database ${name} with (force)`)))
  const redis = `${started.redis}/${randomInt(started.redisDatabaseCount)}`
  return { database: addressOf(started.template, name), redis }
}

/** The same as arguments of the hub's program: where it works without them, and where it does with them. */
export function storeArgs({ database, redis }: HubStores, dataDir: string): string[] {
  const place = database === undefined ? ['--data-dir', dataDir] : ['--database', database]
  return redis === undefined ? place : [...place, '--redis', redis]
}

/** Asks or edits the database of a hub behind its back. `?` stands for the values in turn. */
export async function askDatabase(
  { database, file }: { database?: string | undefined; file: string },
  text: string,
  values: readonly SQLInputValue[] = [],
): Promise<Record<string, unknown>[]> {
  if (database === undefined) {
    using db = new DatabaseSync(file, { enableForeignKeyConstraints: false, timeout: BUSY_MS })
    return db.prepare(text).all(...values)
  }
  let count = 0
  const numbered = text.replaceAll('?', () => `$${(count += 1)}`)
  return inDatabase(database, async (client) => {
    // Foreign keys hinder nobody who runs the database; those of SQLite are off above.
    await client.query('set session_replication_role = replica')
    return (await client.query<Record<string, unknown>>(numbered, [...values])).rows
  })
}

async function inDatabase<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: address })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const nameOf = (address: string): string => new URL(address).pathname.slice(1)

function addressOf(address: string, name: string): string {
  return new URL(`/${name}`, address).href
}
