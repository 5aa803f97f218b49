// SPDX-License-Identifier: Apache-2.0
/** Locks by name, held to the end of a transaction: whoever counts first and writes then needs one. */
import type { DialectAdapter, Kysely } from 'kysely'
import type { HubDatabase, HubTransaction } from './database.ts'

/** What a store can do besides what all databases can. */
export interface StoreAdapter extends DialectAdapter {
  /** Waits until no other transaction holds the name. */
  takeLock(db: Kysely<never>, name: string): Promise<void>
  /** Gives the space of removed rows back, as far as the store does not do so itself. */
  giveSpaceBack(db: Kysely<never>): Promise<void>
}

/**
 * Waits until no other transaction holds what this name stands for, and holds it until this one ends.
 *
 * Why: between reading and writing another hub may write. Taken again in the same transaction, it is held already.
 */
export async function lock(db: HubTransaction, name: string): Promise<void> {
  const adapter = db.getExecutor().adapter as StoreAdapter
  await adapter.takeLock(db as unknown as Kysely<never>, name)
}

/** Gives the space of removed rows back to whoever else needs it. */
export async function giveSpaceBack(db: HubDatabase): Promise<void> {
  const adapter = db.getExecutor().adapter as StoreAdapter
  await adapter.giveSpaceBack(db as unknown as Kysely<never>)
}

/** All that is counted over a site, and its log. */
export function siteLock(siteId: string): string {
  return `site ${siteId}`
}

/** The copy of an agent's log. */
export function agentLogLock({ siteId, agentId }: { siteId: string; agentId: string }): string {
  return `agent-log ${siteId} ${agentId}`
}

/** Which key is whose: one key is of one person or of one agent, of all sites. */
export const KEYS_LOCK = 'keys'
