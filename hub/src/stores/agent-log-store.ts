// SPDX-License-Identifier: Apache-2.0
/** The newest witnessed head of each epoch of each agent's log, and the heads that did not fit. */
import { MerkleFrontier } from '@sallyport/core/audit'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubDatabase, HubTransaction } from './database.ts'
import type { MailboxOwner } from './envelope-writes.ts'
import type { AgentForkRow, AgentLogRow } from './tables.ts'

/** A head as the tables keep it. */
export type HeadRow = Pick<AgentLogRow, 'epoch' | 'size' | 'root' | 'note' | 'witnessed_at'>

/** The log of an agent in one epoch, or in the newest. */
export async function findAgentLog(
  db: HubDatabase,
  { siteId, agentId }: MailboxOwner,
  epoch?: number,
): Promise<AgentLogRow | undefined> {
  let query = db
    .selectFrom('agent_logs')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
  if (epoch !== undefined) query = query.where('epoch', '=', epoch)
  return query.orderBy('epoch', 'desc').limit(1).executeTakeFirst()
}

/** Keeps a head as the newest of its epoch; how far its entries are stored stays as it is. */
export async function putHead(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  head: HeadRow,
): Promise<void> {
  const empty = encodeBase64url(new MerkleFrontier().toBytes())
  const nothing = { stored_size: 0, frontier: empty, part_bytes: 0 }
  const { epoch: _epoch, ...changed } = head
  await db
    .insertInto('agent_logs')
    .values({ site_id: siteId, agent_id: agentId, ...head, ...nothing })
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'agent_id', 'epoch']).doUpdateSet(changed),
    )
    .execute()
}

/** Keeps two heads of which neither continues the other. Returns whether that is news. */
export async function putFork(
  db: HubTransaction,
  fork: AgentForkRow,
  maxCount: number,
): Promise<boolean> {
  const { count } = await db
    .selectFrom('agent_forks')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('site_id', '=', fork.site_id)
    .where('agent_id', '=', fork.agent_id)
    .executeTakeFirstOrThrow()
  if (Number(count) >= maxCount) return false
  const added = await db
    .insertInto('agent_forks')
    .values(fork)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return added.numInsertedOrUpdatedRows === 1n
}

/** The forks of an agent, oldest first. */
export async function readForks(
  db: HubDatabase,
  { siteId, agentId }: MailboxOwner,
): Promise<AgentForkRow[]> {
  return db
    .selectFrom('agent_forks')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .orderBy('seen_at')
    .execute()
}
