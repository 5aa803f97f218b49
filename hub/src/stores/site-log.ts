// SPDX-License-Identifier: Apache-2.0
/** The hub's own log of a site: what it witnessed, entry by entry, under one hash tree. */
import { leafHash, nodeHash, nodesCompletedBy, type TreeNode } from '@sallyport/core/audit'
import { decodeBase64url, encodeBase64url, encodeJson, instantOf } from '@sallyport/core/protocol'
import type { HubDatabase, HubTransaction } from './database.ts'
import { lock, siteLock } from './locks.ts'

/** What the hub notes, without index and time. */
export type SiteEvent =
  | { event: 'agent.head'; agentId: string; epoch: number; size: number; root: string }
  | {
      event: 'agent.fork'
      agentId: string
      epoch: number
      size: number
      root: string
      heldEpoch: number
      heldSize: number
      heldRoot: string
    }
  | { event: 'site.root'; version: number; digest: string }
  | { event: 'hub.restored'; epoch: number }
  | { event: 'hub.confirmed'; epoch: number; by: string }
  | LimitEvent

/**
 * A step against invalid attempts. `subject` is the id of a key, or a name of an address that nobody else can resolve;
 * `limit.uncounted` says that steps of this hour go on without entries.
 */
export type LimitEvent =
  | {
      event: `limit.${'backed-off' | 'penalised' | 'locked-out' | 'quarantined'}`
      of: 'key' | 'source'
      subject: string
      count: number
    }
  | { event: 'limit.lifted'; of: 'key'; subject: string; by: string }
  | { event: 'limit.uncounted' }

/** How many entries the log of a site has. */
export async function siteLogSize(db: HubDatabase, siteId: string): Promise<number> {
  const row = await db
    .selectFrom('site_log')
    .select('position')
    .where('site_id', '=', siteId)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? 0 : Number(row.position) + 1
}

/** Adds an entry and the subtrees that it completes. Returns its index. */
export async function appendToSiteLog(
  db: HubTransaction,
  siteId: string,
  event: SiteEvent,
  nowMs: number,
): Promise<number> {
  await lock(db, siteLock(siteId))
  const index = await siteLogSize(db, siteId)
  const bytes = encodeJson({ index, at: instantOf(nowMs), ...event })
  const entry = new TextDecoder().decode(bytes)
  await db.insertInto('site_log').values({ site_id: siteId, position: index, entry }).execute()
  let hash = leafHash(bytes)
  for (const node of nodesCompletedBy(index)) {
    if (node.level > 0) {
      const left = { level: node.level - 1, position: node.position * 2 }
      hash = nodeHash(await readSiteLogNode(db, siteId, left), hash)
    }
    const row = { site_id: siteId, ...node, hash: encodeBase64url(hash) }
    await db.insertInto('site_log_nodes').values(row).execute()
  }
  return index
}

/** The root of one subtree. Throws: an error of the database when it is not there. */
export async function readSiteLogNode(
  db: HubDatabase,
  siteId: string,
  { level, position }: TreeNode,
): Promise<Uint8Array> {
  const row = await db
    .selectFrom('site_log_nodes')
    .select('hash')
    .where('site_id', '=', siteId)
    .where('level', '=', level)
    .where('position', '=', position)
    .executeTakeFirstOrThrow()
  return decodeBase64url(row.hash)
}
