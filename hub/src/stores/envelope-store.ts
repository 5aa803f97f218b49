// SPDX-License-Identifier: Apache-2.0
/** Envelopes and their answers. Each method is one transaction; what it returned is durable. */
import type { HubDatabase, HubTransaction } from './database.ts'
import {
  IS_OPEN,
  IS_QUEUED,
  addResult,
  addRow,
  endLeases,
  renewLeases,
  reserve,
  selectFree,
  type AnswerOutcome,
  type HeldLease,
  type LeaseTerms,
  type MailboxOwner,
  type NewAnswer,
  type NewEnvelope,
  type QueueCaps,
} from './envelope-writes.ts'
import { siteLock } from './locks.ts'
import type { StoreClock } from './store-clock.ts'
import type { EnvelopeRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** An envelope with its answer, if there is one. */
export type AnsweredEnvelope = EnvelopeRow & { readonly result: string | null }

/** Keeps the envelopes. */
export class EnvelopeStore {
  readonly #db: HubDatabase
  readonly #writes: Writes
  readonly #clock: StoreClock

  constructor(db: HubDatabase, writes: Writes, clock: StoreClock) {
    this.#db = db
    this.#writes = writes
    this.#clock = clock
  }

  /**
   * Adds an envelope, or finds the one that has its id.
   *
   * Throws: ERR_ENVELOPE_EXPIRED, ERR_QUEUE_FULL.
   */
  async add(
    envelope: NewEnvelope,
    caps: QueueCaps,
    nowMs: number,
  ): Promise<{ added: boolean; row: EnvelopeRow }> {
    const write = (db: HubTransaction) => addRow(db, envelope, caps, nowMs)
    return this.#writes.run(write, siteLock(envelope.site_id))
  }

  /** An envelope with its answer. */
  async find(siteId: string, envelopeId: string): Promise<AnsweredEnvelope | undefined> {
    return selectAnswered(this.#db, siteId)
      .where('e.envelope_id', '=', envelopeId)
      .executeTakeFirst()
  }

  /**
   * Reserves the oldest envelopes of an agent that nobody holds, for the time of the lease.
   *
   * Why: one that was delivered is delivered again even when it has expired since, because it is owed an answer.
   * Time: leases begin and end by the clock of the store, read inside the transaction.
   */
  async take(agent: MailboxOwner, terms: LeaseTerms): Promise<EnvelopeRow[]> {
    const guess = { ...terms, nowMs: this.#clock.now() }
    if ((await selectFree(this.#db, agent, guess)).length === 0) return []
    return this.#writes.run(async (db) => {
      const nowMs = await this.#clock.readNow(db)
      return reserve(db, agent, { ...terms, nowMs })
    })
  }

  /** Begins leases anew; those that went to somebody else meanwhile are not among what it returns. */
  async renew(
    agent: MailboxOwner,
    held: readonly HeldLease[],
    leaseMs: number,
  ): Promise<EnvelopeRow[]> {
    return this.#writes.run(async (db) => {
      const leaseUntil = (await this.#clock.readNow(db)) + leaseMs
      return renewLeases(db, agent, { held, leaseUntil })
    })
  }

  /** Ends the reservations of an agent's envelopes that were made until `asOfMs`. */
  async release(
    agent: MailboxOwner,
    lease: { readonly asOfMs: number; readonly leaseMs: number },
  ): Promise<void> {
    await this.#writes.run((db) => endLeases(db, agent, lease))
  }

  /** When the first reservation of an agent's envelopes ends. */
  async nextLeaseEnd(siteId: string, agentId: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('envelopes')
      .select(({ fn }) => fn.min('lease_until').as('end'))
      .where('site_id', '=', siteId)
      .where('agent_id', '=', agentId)
      .where(IS_OPEN)
      .where('lease_until', '>', 0)
      .executeTakeFirst()
    return row?.end == null ? undefined : Number(row.end)
  }

  /**
   * Keeps an agent's answer; the first one stands. Another agent's envelope is unknown to it.
   *
   * Why: an answer to an envelope that counts as never delivered is kept too. The agent has it, so this database must be
   * an older copy of itself.
   */
  async answer(answer: NewAnswer, nowMs: number): Promise<AnswerOutcome> {
    return this.#writes.run((db) => addResult(db, answer, nowMs))
  }

  /** Marks envelopes that were never delivered and whose time has passed; returns their ids. */
  async expire(siteId: string, nowMs: number): Promise<string[]> {
    const first = await this.#db
      .selectFrom('envelopes')
      .select('envelope_id')
      .where('site_id', '=', siteId)
      .where(IS_QUEUED)
      .where('expires_at', '<=', nowMs)
      .limit(1)
      .executeTakeFirst()
    if (first === undefined) return []
    const rows = await this.#writes.run((db) => expireRows(db, siteId, nowMs))
    return rows.map((row) => row.envelope_id)
  }
}

function expireRows(db: HubTransaction, siteId: string, nowMs: number) {
  return db
    .updateTable('envelopes')
    .set({ state: 'expired' })
    .where('site_id', '=', siteId)
    .where(IS_QUEUED)
    .where('expires_at', '<=', nowMs)
    .returning('envelope_id')
    .execute()
}

/** Selects envelopes of a site with their answers. */
export function selectAnswered(db: HubDatabase, siteId: string) {
  return db
    .selectFrom('envelopes as e')
    .leftJoin('results as r', (join) =>
      join.onRef('r.site_id', '=', 'e.site_id').onRef('r.envelope_id', '=', 'e.envelope_id'),
    )
    .selectAll('e')
    .select('r.sealed as result')
    .where('e.site_id', '=', siteId)
}
