// SPDX-License-Identifier: Apache-2.0
/** Both stores, each opened as often as there are hubs. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import type { HubDatabase } from '../../src/stores/database.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { EnvelopeStore } from '../../src/stores/envelope-store.ts'
import { postgresDialect } from '../../src/stores/postgres-dialect.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { ownClock } from '../../src/stores/store-clock.ts'
import type { AgentRow } from '../../src/stores/tables.ts'
import { Writes } from '../../src/stores/writes.ts'
import { freshDatabase } from './postgres.ts'
import { TestClock, temporaryFolder } from './site.ts'

/** What one hub has of a store. */
export interface StoreOfHub {
  readonly db: HubDatabase
  readonly writes: Writes
  readonly clock: TestClock
  readonly envelopes: EnvelopeStore
}

/** Both kinds. A file is worked in by one hub; there the second is the first again. */
export const STORE_KINDS = ['SQLite', 'PostgreSQL'] as const
/** One of them. */
export type StoreKind = (typeof STORE_KINDS)[number]

/** Opens an empty store for two hubs. */
export async function openStores(
  kind: StoreKind,
  scope: AsyncDisposableStack,
): Promise<[StoreOfHub, StoreOfHub]> {
  if (kind === 'PostgreSQL') {
    const url = await freshDatabase()
    const open = () => openDatabase(() => postgresDialect(url))
    const first = storeOf(scope.adopt(await open(), (db) => db.destroy()))
    return [first, storeOf(scope.adopt(await open(), (db) => db.destroy()))]
  }
  const file = join(await temporaryFolder(scope), 'hub.db')
  const db = await openDatabase(() => sqliteDialect(file))
  const only = storeOf(scope.adopt(db, (open) => open.destroy()))
  return [only, only]
}

/** Wraps a database as a hub does. */
export function storeOf(db: HubDatabase, clock = new TestClock()): StoreOfHub {
  const writes = new Writes(db)
  return { db, writes, clock, envelopes: new EnvelopeStore(db, writes, ownClock(clock)) }
}

/** A site with so many agents, put straight into the tables. */
export async function addSite(
  { db }: StoreOfHub,
  agentCount = 1,
): Promise<{ siteId: string; agents: { siteId: string; agentId: string }[] }> {
  const siteId = randomUUIDv7()
  await db.insertInto('sites').values({ site_id: siteId, name: 'x', registered_at: 0 }).execute()
  const agents = Array.from({ length: agentCount }, () => ({ siteId, agentId: randomUUIDv7() }))
  for (const { agentId } of agents) {
    const keys = { key_id: `key-${agentId}`, signing_key: 'k' }
    const rest = { descriptor: null, enrolled_at: 0, last_seen_at: null }
    const row = { site_id: siteId, agent_id: agentId, ...keys, ...rest }
    await db
      .insertInto('agents')
      .values(row as AgentRow)
      .execute()
  }
  return { siteId, agents }
}

/** Adds an envelope for an agent and returns its id. */
export async function addEnvelope(
  store: StoreOfHub,
  agent: { siteId: string; agentId: string },
  caps = { perAgent: 1_000, perSite: 10_000 },
): Promise<string> {
  const envelope_id = randomUUIDv7()
  const expires_at = store.clock.now() + 600_000
  const { siteId: site_id, agentId: agent_id } = agent
  const row = { site_id, agent_id, envelope_id, sealed: 'sealed', expires_at }
  await store.envelopes.add(row, caps, store.clock.now())
  return envelope_id
}
