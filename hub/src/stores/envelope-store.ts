// SPDX-License-Identifier: Apache-2.0
/** Envelopes and their answers. Each method is one transaction; what it returned is durable. */
import { CodedError } from '@sallyport/sdk'
import type { ExpressionBuilder } from 'kysely'
import type { HubDatabase, HubTransaction } from './database.ts'
import type { EnvelopeRow, HubTables } from './tables.ts'

/** An envelope as an operator submits it. */
export type NewEnvelope = Pick<
  EnvelopeRow,
  'site_id' | 'envelope_id' | 'agent_id' | 'sealed' | 'expires_at'
>

/** An envelope with its answer, if there is one. */
export type AnsweredEnvelope = EnvelopeRow & { readonly result: string | null }

/** How many unanswered envelopes may wait. */
export interface QueueCaps {
  readonly perAgent: number
  readonly perSite: number
}

/** What became of an answer. */
export type AnswerOutcome = 'stored' | 'same' | 'other' | 'unknown'

/** States in which an envelope still waits for its answer. */
const OPEN = ['queued', 'delivered'] as const

/** Keeps the envelopes. */
export class EnvelopeStore {
  readonly #db: HubDatabase

  constructor(db: HubDatabase) {
    this.#db = db
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
    const { site_id, envelope_id } = envelope
    return this.#db.transaction().execute(async (db) => {
      const earlier = await findRow(db, site_id, envelope_id)
      if (earlier !== undefined) return { added: false, row: earlier }
      if (envelope.expires_at <= nowMs) {
        throw new CodedError(
          'ERR_ENVELOPE_EXPIRED',
          'this envelope has expired by the clock of the hub',
        )
      }
      await refuseWhenFull(db, envelope, caps)
      const row = newRow(envelope, nowMs)
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('envelopes')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows === 1n) return { added: true, row }
      const winner = await findRow(db, site_id, envelope_id)
      return { added: false, row: winner ?? row }
    })
  }

  /** An envelope with its answer. */
  async find(siteId: string, envelopeId: string): Promise<AnsweredEnvelope | undefined> {
    return selectAnswered(this.#db, siteId)
      .where('e.envelope_id', '=', envelopeId)
      .executeTakeFirst()
  }

  /**
   * Reserves the oldest envelopes of an agent that nobody holds, until `leaseUntil`.
   *
   * Why: one that was delivered is delivered again even when it has expired since, because it is owed an answer.
   */
  async take(
    agent: { siteId: string; agentId: string },
    lease: { nowMs: number; leaseUntil: number; maxCount: number },
  ): Promise<EnvelopeRow[]> {
    return this.#db.transaction().execute(async (db) => {
      const free = await db
        .selectFrom('envelopes')
        .select('envelope_id')
        .where((eb) => isFree(eb, agent, lease.nowMs))
        .orderBy('queued_at')
        .orderBy('envelope_id')
        .limit(lease.maxCount)
        .execute()
      if (free.length === 0) return []
      const ids = free.map((row) => row.envelope_id)
      const taken = await db
        .updateTable('envelopes')
        .set(({ fn, eb }) => ({
          state: 'delivered',
          delivered_at: fn.coalesce('delivered_at', eb.val(lease.nowMs)),
          lease_until: lease.leaseUntil,
          delivery_count: eb('delivery_count', '+', 1),
        }))
        .where('envelope_id', 'in', ids)
        .where((eb) => isFree(eb, agent, lease.nowMs))
        .returningAll()
        .execute()
      return taken.sort((a, b) => ids.indexOf(a.envelope_id) - ids.indexOf(b.envelope_id))
    })
  }

  /** When the first reservation of an agent's envelopes ends. */
  async nextLeaseEnd(siteId: string, agentId: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('envelopes')
      .select(({ fn }) => fn.min('lease_until').as('end'))
      .where('site_id', '=', siteId)
      .where('agent_id', '=', agentId)
      .where('state', '=', 'delivered')
      .executeTakeFirst()
    return row?.end == null ? undefined : Number(row.end)
  }

  /**
   * Keeps an agent's answer; the first one stands. Another agent's envelope is unknown to it.
   *
   * Why: an answer to an envelope that counts as never delivered is kept too. The agent has it, so this database must be
   * an older copy of itself.
   */
  async answer(
    answer: { siteId: string; agentId: string; envelopeId: string; sealed: string },
    nowMs: number,
  ): Promise<AnswerOutcome> {
    const { siteId, agentId, envelopeId, sealed } = answer
    return this.#db.transaction().execute(async (db) => {
      const row = await findRow(db, siteId, envelopeId)
      if (row === undefined || row.agent_id !== agentId) return 'unknown'
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('results')
        .values({ site_id: siteId, envelope_id: envelopeId, sealed })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n) return compareResult(db, answer)
      await db
        .updateTable('envelopes')
        .set({ state: 'answered', answered_at: nowMs })
        .where('site_id', '=', siteId)
        .where('envelope_id', '=', envelopeId)
        .execute()
      return 'stored'
    })
  }

  /** Marks envelopes that were never delivered and whose time has passed; returns their ids. */
  async expire(siteId: string, nowMs: number): Promise<string[]> {
    const rows = await this.#db
      .updateTable('envelopes')
      .set({ state: 'expired' })
      .where('site_id', '=', siteId)
      .where('state', '=', 'queued')
      .where('expires_at', '<=', nowMs)
      .returning('envelope_id')
      .execute()
    return rows.map((row) => row.envelope_id)
  }
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

async function findRow(db: HubTransaction, siteId: string, envelopeId: string) {
  return db
    .selectFrom('envelopes')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('envelope_id', '=', envelopeId)
    .executeTakeFirst()
}

function newRow(envelope: NewEnvelope, nowMs: number): EnvelopeRow {
  return {
    ...envelope,
    state: 'queued',
    queued_at: nowMs,
    delivered_at: null,
    answered_at: null,
    lease_until: 0,
    delivery_count: 0,
  }
}

function isFree(
  eb: ExpressionBuilder<HubTables, 'envelopes'>,
  agent: { siteId: string; agentId: string },
  nowMs: number,
) {
  return eb.and([
    eb('site_id', '=', agent.siteId),
    eb('agent_id', '=', agent.agentId),
    eb('state', 'in', OPEN),
    eb('lease_until', '<=', nowMs),
  ])
}

async function refuseWhenFull(
  db: HubTransaction,
  envelope: NewEnvelope,
  caps: QueueCaps,
): Promise<void> {
  const open = db.selectFrom('envelopes').where('site_id', '=', envelope.site_id)
  const inSite = open.where('state', 'in', OPEN)
  const inAgent = inSite.where('agent_id', '=', envelope.agent_id)
  for (const [query, cap] of [
    [inAgent, caps.perAgent],
    [inSite, caps.perSite],
  ] as const) {
    const count = query.select(({ fn }) => fn.countAll<number>().as('count'))
    const row = await count.executeTakeFirstOrThrow()
    if (Number(row.count) >= cap) {
      throw new CodedError('ERR_QUEUE_FULL', 'too many envelopes wait for an answer already')
    }
  }
}

async function compareResult(
  db: HubTransaction,
  answer: { siteId: string; envelopeId: string; sealed: string },
): Promise<AnswerOutcome> {
  const row = await db
    .selectFrom('results')
    .select('sealed')
    .where('site_id', '=', answer.siteId)
    .where('envelope_id', '=', answer.envelopeId)
    .executeTakeFirst()
  return row?.sealed === answer.sealed ? 'same' : 'other'
}
