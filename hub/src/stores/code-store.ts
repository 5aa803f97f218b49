// SPDX-License-Identifier: Apache-2.0
/** Enrolment codes: one agent each, burned for exactly one signing key. */
import type { HubDatabase, HubTransaction } from './database.ts'
import type { CodeRow } from './tables.ts'

/** A code to keep. */
export type NewCode = Omit<CodeRow, 'redeemed_key' | 'redeemed_at'>

/** Who redeems a code. */
export interface Redeemer {
  readonly keyId: string
  readonly signingKey: string
}

/** Keeps the codes. */
export class CodeStore {
  readonly #db: HubDatabase

  constructor(db: HubDatabase) {
    this.#db = db
  }

  /** The code with this hash, whatever its state. */
  async find(hash: string): Promise<CodeRow | undefined> {
    return find(this.#db, hash)
  }

  /** Adds a code, or returns the one that already has this hash. */
  async add(code: NewCode): Promise<CodeRow | undefined> {
    const added = await this.#db
      .insertInto('codes')
      .values({ ...code, redeemed_key: null, redeemed_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return added.numInsertedOrUpdatedRows === 1n ? undefined : find(this.#db, code.redeem_hash)
  }

  /**
   * Burns a code for a key and adds the agent, both or neither. Again with the same key, it only finds them.
   *
   * Returns undefined when the code is unknown, expired or burned for another key, or when the key or the agent's id is
   * taken: whoever asks is not told which.
   */
  async redeem(hash: string, redeemer: Redeemer, nowMs: number): Promise<CodeRow | undefined> {
    return this.#db.transaction().execute(async (db) => {
      const isBurned = await burn(db, hash, redeemer, nowMs)
      const code = await find(db, hash)
      if (code === undefined || code.expires_at <= nowMs) return undefined
      if (code.redeemed_key !== redeemer.signingKey) return undefined
      if (!isBurned) return code
      if (await addAgent(db, code, redeemer, nowMs)) return code
      await unburn(db, hash)
      return undefined
    })
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
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return added.numInsertedOrUpdatedRows === 1n
}

async function find(db: HubDatabase, hash: string): Promise<CodeRow | undefined> {
  const query = db.selectFrom('codes').selectAll().where('redeem_hash', '=', hash)
  return query.executeTakeFirst()
}
