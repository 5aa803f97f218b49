// SPDX-License-Identifier: Apache-2.0
/**
 * Lets the beginning of the hub's own log go: its entries, and of its hash tree what no proof needs any more.
 *
 * Why some of the tree stays: the log goes on being one tree, and whoever knows an early head of it is still shown that
 * today's head begins with theirs.
 */
import { parseJson } from '@sallyport/core/protocol'
import type { TreeNode } from '@sallyport/core/audit'
import { z } from 'zod'
import type { HubDatabase, HubTransaction } from './database.ts'
import { siteLock, lock } from './locks.ts'
import { siteLogSize } from './site-log.ts'
import type { Writes } from './writes.ts'

/** How much of a log stays. */
export interface SiteLogBounds {
  readonly siteLogMs: number
  readonly siteLogEntries: number
}

/** Entries in one transaction: others write between. */
const BATCH_ENTRIES = 500
const MAX_ENTRY_BYTES = 65_536
const Timed = z.object({ at: z.string() })

/** Removes what is too old or too much of a site's log. Returns how many entries. */
export async function sweepSiteLog(
  { db, writes }: { db: HubDatabase; writes: Writes },
  siteId: string,
  { nowMs, bounds }: { nowMs: number; bounds: SiteLogBounds },
): Promise<number> {
  const size = await siteLogSize(db, siteId)
  let count = 0
  for (let from = await firstPosition(db, siteId); from < size - 1;) {
    const to = Math.min(from + BATCH_ENTRIES, size - 1)
    const isOver = size - to >= bounds.siteLogEntries
    const isOld = (await timeOf(db, siteId, to - 1)) <= nowMs - bounds.siteLogMs
    const end = isOver || isOld ? to : Math.max(from, size - bounds.siteLogEntries)
    if (end === from) break
    await writes.run((open) => dropBefore(open, siteId, end), siteLock(siteId))
    count += end - from
    if (end < to) break
    from = end
  }
  return count
}

/** Removes the entries before a position, and the nodes over them that nobody needs. */
async function dropBefore(db: HubTransaction, siteId: string, end: number): Promise<void> {
  await lock(db, siteLock(siteId))
  await db
    .deleteFrom('site_log')
    .where('site_id', '=', siteId)
    .where('position', '<', end)
    .execute()
  const kept = keptNodes(end, await knownSizes(db, siteId, end))
  for (let level = 0; 2 ** level <= end; level += 1) {
    const positions = kept.filter((node) => node.level === level).map((node) => node.position)
    let query = db
      .deleteFrom('site_log_nodes')
      .where('site_id', '=', siteId)
      .where('level', '=', level)
      .where('position', '<', Math.floor(end / 2 ** level))
    if (positions.length > 0) query = query.where('position', 'not in', positions)
    await query.execute()
  }
}

/**
 * The nodes over the first `end` leaves that stay: those the tree goes on from, and for each size that somebody knows those
 * its proof is made of.
 */
export function keptNodes(end: number, sizes: readonly number[]): TreeNode[] {
  const nodes = new Map<string, TreeNode>()
  for (const size of [end, ...sizes]) {
    for (const node of [...blocksOf(0, size), ...blocksOf(size, end)]) {
      nodes.set(`${node.level} ${node.position}`, node)
    }
  }
  return [...nodes.values()]
}

/** The largest perfect subtrees that lie side by side from a leaf to another. */
function blocksOf(from: number, to: number): TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = from; at < to;) {
    let level = 0
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level += 1
    nodes.push({ level, position: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** Sizes below `end` of which somebody holds a head. */
async function knownSizes(db: HubTransaction, siteId: string, end: number): Promise<number[]> {
  const rows = await db
    .selectFrom('seen_heads')
    .select(['shown', 'answered'])
    .where('site_id', '=', siteId)
    .where('shown', '<', end)
    .execute()
  const sizes = rows.flatMap((row) => [Number(row.shown), Number(row.answered)])
  return [...new Set(sizes)].filter((size) => size > 0 && size < end)
}

async function firstPosition(db: HubDatabase, siteId: string): Promise<number> {
  const { first } = await db
    .selectFrom('site_log')
    .select(({ fn }) => fn.min('position').as('first'))
    .where('site_id', '=', siteId)
    .executeTakeFirstOrThrow()
  return Number(first ?? 0)
}

async function timeOf(db: HubDatabase, siteId: string, position: number): Promise<number> {
  const row = await db
    .selectFrom('site_log')
    .select('entry')
    .where('site_id', '=', siteId)
    .where('position', '=', position)
    .executeTakeFirst()
  if (row === undefined) return Infinity
  const { at } = Timed.parse(parseJson(new TextEncoder().encode(row.entry), MAX_ENTRY_BYTES))
  return Date.parse(at)
}
