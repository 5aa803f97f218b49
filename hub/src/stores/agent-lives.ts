// SPDX-License-Identifier: Apache-2.0
/** The life of an agent at the hub: let in, stopped, let go on, sent away; and which start of its program spoke last. */
import type { HubTransaction } from './database.ts'
import type { MailboxOwner } from './envelope-writes.ts'
import type { AgentRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** One start of an agent's program, as it opens a session. Units: epoch milliseconds. */
export interface ProgramStart {
  /** Random. */
  readonly instance: string
  readonly startCount: number
  /** When the challenge that it answered was issued. */
  readonly challengedAtMs: number
  readonly nowMs: number
}

/** What a session of this start means: let it in, it is one that is over, or two programs run with one identity. */
export type Meeting = 'welcome' | 'late' | 'twins'

/** Starts before the last one that are remembered. */
const MAX_PAST = 8
const MAX_ATTEMPTS = 8

/** Changes how agents stand. */
export class AgentLives {
  readonly #writes: Writes

  constructor(writes: Writes) {
    this.#writes = writes
  }

  /**
   * Lets an agent in that waits, if it waits with this key; with it go those whose place it takes. Again does nothing.
   *
   * Returns what stood against it.
   */
  async confirm(
    agent: MailboxOwner,
    signingKey: string,
    nowMs: number,
  ): Promise<'unknown' | 'other' | undefined> {
    return this.#writes.run(async (db) => {
      const row = await find(db, agent)
      if (row === undefined) return 'unknown'
      if (row.signing_key !== signingKey) return 'other'
      if (row.standing !== 'waiting') return row.standing === 'active' ? undefined : 'other'
      await stand(db, agent, { standing: 'active', standing_at: nowMs })
      await replaceOthers(db, agent, nowMs)
      return undefined
    })
  }

  /** Sends an agent away for good, and ends codes for it. Returns whether there was such an agent, or a code. */
  async revoke(agent: MailboxOwner, nowMs: number): Promise<boolean> {
    return this.#writes.run(async (db) => {
      const codes = await db
        .deleteFrom('codes')
        .where('site_id', '=', agent.siteId)
        .where('agent_id', '=', agent.agentId)
        .where('redeemed_key', 'is', null)
        .executeTakeFirst()
      await revokeAll(db, agent.siteId, [agent.agentId], nowMs)
      return codes.numDeletedRows > 0n || (await find(db, agent)) !== undefined
    })
  }

  /**
   * Lets go on what was stopped because two ran with one identity. The next start is a new beginning: none of those before
   * counts against it, but each against the others. Returns what stood against it.
   */
  async release(agent: MailboxOwner, nowMs: number): Promise<'unknown' | 'other' | undefined> {
    return this.#writes.run(async (db) => {
      const row = await find(db, agent)
      if (row === undefined) return 'unknown'
      if (row.standing !== 'twins') return row.standing === 'active' ? undefined : 'other'
      // Of nobody: tokens from before open nothing, so that whoever runs has to come anew.
      const fresh = { instance: '', instance_at: nowMs, past_instances: '' }
      await stand(db, agent, { standing: 'active', standing_at: nowMs, ...fresh })
      return undefined
    })
  }

  /**
   * Notes which start of an agent's program opens a session.
   *
   * Why the challenge: a program that has ended cannot answer one that was issued after its successor came. So a start
   * that was followed by another, and answers such a challenge, runs beside it; one that answers an older challenge may
   * have ended while its request was on the way.
   */
  async meet(agent: MailboxOwner, start: ProgramStart): Promise<Meeting> {
    return this.#writes.run(async (db) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const row = await find(db, agent)
        if (row === undefined || row.standing !== 'active') return 'late'
        if (row.instance === start.instance) return 'welcome'
        const past = row.past_instances.split(' ')
        if (past.includes(start.instance)) return comeAgain(db, agent, { row, start })
        if (await follow(db, agent, { row, start })) return 'welcome'
      }
      return 'late'
    })
  }
}

/** Revokes agents of a site; those that are not there are left out. */
export async function revokeAll(
  db: HubTransaction,
  siteId: string,
  agentIds: readonly string[],
  nowMs: number,
): Promise<void> {
  if (agentIds.length === 0) return
  await db
    .updateTable('agents')
    .set({ standing: 'revoked', standing_at: nowMs })
    .where('site_id', '=', siteId)
    .where('agent_id', 'in', [...agentIds])
    .where('standing', '!=', 'revoked')
    .execute()
}

/** Those whose place an agent takes go with its coming. */
export async function replaceOthers(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  nowMs: number,
): Promise<void> {
  const codes = await db
    .selectFrom('codes')
    .select('replaces')
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .where('redeemed_key', 'is not', null)
    .execute()
  const others = codes.flatMap(({ replaces }) => replaces.split(' ')).filter((id) => id !== '')
  await revokeAll(db, siteId, others, nowMs)
}

async function comeAgain(
  db: HubTransaction,
  agent: MailboxOwner,
  { row, start }: { row: AgentRow; start: ProgramStart },
): Promise<Meeting> {
  if (start.challengedAtMs <= Number(row.instance_at)) return 'late'
  await stand(db, agent, { standing: 'twins', standing_at: start.nowMs })
  return 'twins'
}

/** Whether the row was still as it was read. Why: another hub may have met another start meanwhile. */
async function follow(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  { row, start }: { row: AgentRow; start: ProgramStart },
): Promise<boolean> {
  const past = [row.instance ?? '', ...row.past_instances.split(' ')]
  const update = db
    .updateTable('agents')
    .set({
      instance: start.instance,
      instance_at: start.nowMs,
      start_count: start.startCount,
      past_instances: past
        .filter((each) => each !== '')
        .slice(0, MAX_PAST)
        .join(' '),
    })
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
  const isSame =
    row.instance === null
      ? update.where('instance', 'is', null)
      : update.where('instance', '=', row.instance)
  return (await isSame.executeTakeFirst()).numUpdatedRows === 1n
}

async function find(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
): Promise<AgentRow | undefined> {
  return db
    .selectFrom('agents')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .executeTakeFirst()
}

async function stand(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  change: Partial<AgentRow>,
): Promise<void> {
  await db
    .updateTable('agents')
    .set(change)
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .execute()
}
