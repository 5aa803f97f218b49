// SPDX-License-Identifier: Apache-2.0
/** Enrolment codes: one agent each, burned for exactly one signing key. */
import type { AgentStanding } from '@sallyport/core/transport'
import { replaceOthers } from './agent-lives.ts'
import type { HubDatabase, HubTransaction } from './database.ts'
import { KEYS_LOCK, lock } from './locks.ts'
import type { CodeRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** A code to keep. */
export type NewCode = Omit<CodeRow, 'redeemed_key' | 'redeemed_at'>

/** Who redeems a code. */
export interface Redeemer {
  readonly keyId: string
  readonly signingKey: string
}

/** A code that was burned for whoever asks, and how the agent that it made stands. */
export interface Redeemed {
  readonly code: CodeRow
  readonly standing: AgentStanding
}

/** How long whoever must be let in can ask for it. Units: milliseconds. */
const WAITING_MS = 24 * 3_600_000

/** Keeps the codes. */
export class CodeStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** The code with this hash, whatever its state. */
  async find(hash: string): Promise<CodeRow | undefined> {
    return find(this.#db, hash)
  }

  /** Adds a code, or returns the one that already has this hash. Unused codes of those whose place it takes go. */
  async add(code: NewCode): Promise<CodeRow | undefined> {
    return this.#writes.run(async (db) => {
      const added = await db
        .insertInto('codes')
        .values({ ...code, redeemed_key: null, redeemed_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (added.numInsertedOrUpdatedRows !== 1n) return find(db, code.redeem_hash)
      await voidUnused(db, code)
      return undefined
    })
  }

  /**
   * Burns a code for a key and adds the agent, both or neither; with it go those whose place it takes, unless it has to
   * wait. Again with the same key, it only finds them.
   *
   * Returns undefined when the code is unknown, expired or burned for another key, or when the key or the agent's id is
   * taken: whoever asks is not told which.
   */
  async redeem(hash: string, redeemer: Redeemer, nowMs: number): Promise<Redeemed | undefined> {
    return this.#writes.run(async (db) => {
      await lock(db, KEYS_LOCK)
      const isBurned = await burn(db, hash, redeemer, nowMs)
      const code = await find(db, hash)
      if (code === undefined || endOf(code) <= nowMs) return undefined
      if (code.redeemed_key !== redeemer.signingKey) return undefined
      if (!isBurned) return foundAgain(db, code)
      if (await addAgent(db, code, redeemer, nowMs)) {
        const agent = { siteId: code.site_id, agentId: code.agent_id }
        if (code.must_confirm === 0) await replaceOthers(db, agent, nowMs)
        return { code, standing: firstStandingOf(code) }
      }
      await unburn(db, hash)
      return undefined
    }, KEYS_LOCK)
  }
}

async function burn(db: HubTransaction, hash: string, redeemer: Redeemer, nowMs: number) {
  const burned = await db
    .updateTable('codes')
    .set({ redeemed_key: redeemer.signingKey, redeemed_at: nowMs })
    .where('redeem_hash', '=', hash)
    .where('redeemed_key', 'is', null)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return burned.numUpdatedRows === 1n
}

/** Why later for some: whoever waits to be let in fetches what the code is for only then. */
function endOf(code: CodeRow): number {
  if (code.must_confirm === 0 || code.redeemed_at === null) return Number(code.expires_at)
  return Math.max(Number(code.expires_at), Number(code.redeemed_at) + WAITING_MS)
}

function firstStandingOf({ must_confirm: mustConfirm }: CodeRow): AgentStanding {
  return mustConfirm === 1 ? 'waiting' : 'active'
}

async function foundAgain(db: HubTransaction, code: CodeRow): Promise<Redeemed | undefined> {
  const agent = await db
    .selectFrom('agents')
    .select('standing')
    .where('site_id', '=', code.site_id)
    .where('agent_id', '=', code.agent_id)
    .executeTakeFirst()
  if (agent === undefined || agent.standing === 'revoked') return undefined
  return { code, standing: agent.standing }
}

async function voidUnused(db: HubTransaction, code: NewCode): Promise<void> {
  const agentIds = code.replaces.split(' ').filter((id) => id !== '')
  if (agentIds.length === 0) return
  await db
    .deleteFrom('codes')
    .where('site_id', '=', code.site_id)
    .where('agent_id', 'in', agentIds)
    .where('redeemed_key', 'is', null)
    .execute()
}

/** Leaves the code usable for another key. */
async function unburn(db: HubTransaction, hash: string): Promise<void> {
  await db
    .updateTable('codes')
    .set({ redeemed_key: null, redeemed_at: null })
    .where('redeem_hash', '=', hash)
    .execute()
}

async function addAgent(db: HubTransaction, code: CodeRow, redeemer: Redeemer, nowMs: number) {
  const person = await db
    .selectFrom('people')
    .select('key_id')
    .where('key_id', '=', redeemer.keyId)
    .executeTakeFirst()
  if (person !== undefined) return false
  const added = await db
    .insertInto('agents')
    .values({
      site_id: code.site_id,
      agent_id: code.agent_id,
      key_id: redeemer.keyId,
      signing_key: redeemer.signingKey,
      descriptor: null,
      enrolled_at: nowMs,
      last_seen_at: null,
      standing: firstStandingOf(code),
      standing_at: nowMs,
      instance: null,
      instance_at: null,
      start_count: null,
      past_instances: '',
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return added.numInsertedOrUpdatedRows === 1n
}

async function find(db: HubDatabase, hash: string): Promise<CodeRow | undefined> {
  const query = db.selectFrom('codes').selectAll().where('redeem_hash', '=', hash)
  return query.executeTakeFirst()
}
