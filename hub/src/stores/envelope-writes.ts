// SPDX-License-Identifier: Apache-2.0
/** What is done to envelopes inside a transaction. Each may be run again after a rollback. */
import { CodedError } from '@sallyport/sdk'
import { sql, type ExpressionBuilder } from 'kysely'
import type { HubDatabase, HubTransaction } from './database.ts'
import { lock, siteLock } from './locks.ts'
import type { EnvelopeRow, HubTables } from './tables.ts'

/** An envelope as an operator submits it. */
export type NewEnvelope = Pick<
  EnvelopeRow,
  'site_id' | 'envelope_id' | 'agent_id' | 'sealed' | 'expires_at'
>

/** How many unanswered envelopes may wait. */
export interface QueueCaps {
  readonly perAgent: number
  readonly perSite: number
}

/** Whose mailbox. */
export interface MailboxOwner {
  readonly siteId: string
  readonly agentId: string
}

/** Who reserves envelopes, how many and for how long. */
export interface LeaseTerms {
  /** Names the request: no other has this id. */
  readonly holder: string
  readonly leaseMs: number
  readonly maxCount: number
}

/** A lease that begins at this moment. */
export interface Lease extends LeaseTerms {
  readonly nowMs: number
}

/** A lease as it was given: whoever has an older token of the envelope holds it no more. */
export interface HeldLease {
  readonly envelopeId: string
  readonly holder: string
  readonly token: number
}

/** An agent's answer. */
export interface NewAnswer extends MailboxOwner {
  readonly envelopeId: string
  readonly sealed: string
}

/** What became of an answer. */
export type AnswerOutcome = 'stored' | 'same' | 'other' | 'unknown'

/** Written as in the partial indices, word for word: a parameter in their place would hide the index. */
export const IS_OPEN = sql<boolean>`state in ('queued', 'delivered')`
/** The same for what waits to be delivered. */
export const IS_QUEUED = sql<boolean>`state = 'queued'`

async function findRow(db: HubTransaction, siteId: string, envelopeId: string) {
  return db
    .selectFrom('envelopes')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('envelope_id', '=', envelopeId)
    .executeTakeFirst()
}

/** Adds an envelope unless its id is taken, by whatever bytes. Throws: ERR_ENVELOPE_EXPIRED, ERR_QUEUE_FULL. */
export async function addRow(
  db: HubTransaction,
  envelope: NewEnvelope,
  caps: QueueCaps,
  nowMs: number,
): Promise<{ added: boolean; row: EnvelopeRow }> {
  const { site_id, envelope_id } = envelope
  await lock(db, siteLock(site_id))
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
}

function newRow(envelope: NewEnvelope, nowMs: number): EnvelopeRow {
  return {
    ...envelope,
    state: 'queued',
    queued_at: nowMs,
    delivered_at: null,
    answered_at: null,
    lease_until: 0,
    lease_holder: null,
    delivery_count: 0,
  }
}

/** Ids of the oldest envelopes of an agent that nobody holds. */
export function selectFree(db: HubDatabase, agent: MailboxOwner, lease: Lease) {
  return db
    .selectFrom('envelopes')
    .select('envelope_id')
    .where((eb) => isFree(eb, agent, lease))
    .orderBy('queued_at')
    .orderBy('envelope_id')
    .limit(lease.maxCount)
    .execute()
}

/**
 * Reserves the oldest free envelopes of an agent.
 *
 * Those that this very request holds already are its own: it was committed, and nobody came to know.
 */
export async function reserve(
  db: HubTransaction,
  agent: MailboxOwner,
  lease: Lease,
): Promise<EnvelopeRow[]> {
  const mine = await selectHeldBy(db, agent, lease.holder)
  if (mine.length > 0) return mine
  const ids = (await selectFree(db, agent, lease)).map((row) => row.envelope_id)
  if (ids.length === 0) return []
  const taken = await db
    .updateTable('envelopes')
    .set(({ fn, eb }) => ({
      state: 'delivered',
      delivered_at: fn.coalesce('delivered_at', eb.val(lease.nowMs)),
      lease_until: lease.nowMs + lease.leaseMs,
      lease_holder: lease.holder,
      delivery_count: eb('delivery_count', '+', 1),
    }))
    .where('envelope_id', 'in', ids)
    .where((eb) => isFree(eb, agent, lease))
    .returningAll()
    .execute()
  return taken.sort((a, b) => ids.indexOf(a.envelope_id) - ids.indexOf(b.envelope_id))
}

/** What a request holds. */
function selectHeldBy(db: HubDatabase, agent: MailboxOwner, holder: string) {
  return db
    .selectFrom('envelopes')
    .selectAll()
    .where('site_id', '=', agent.siteId)
    .where('agent_id', '=', agent.agentId)
    .where(IS_OPEN)
    .where('lease_holder', '=', holder)
    .orderBy('queued_at')
    .orderBy('envelope_id')
    .execute()
}

/** Begins leases anew that still are what they were when they were given; others have gone to somebody else. */
export async function renewLeases(
  db: HubTransaction,
  agent: MailboxOwner,
  { held, leaseUntil }: { held: readonly HeldLease[]; leaseUntil: number },
): Promise<EnvelopeRow[]> {
  const rows: EnvelopeRow[] = []
  for (const { envelopeId, holder, token } of held) {
    const row = await db
      .updateTable('envelopes')
      .set({ lease_until: leaseUntil })
      .where('site_id', '=', agent.siteId)
      .where('envelope_id', '=', envelopeId)
      .where(IS_OPEN)
      .where('lease_holder', '=', holder)
      .where('delivery_count', '=', token)
      .returningAll()
      .executeTakeFirst()
    if (row !== undefined) rows.push(row)
  }
  return rows
}

/**
 * Ends the leases of an agent that were given until an instant.
 *
 * Why those alone: a hub that stood still between the request and this must not end what others gave since.
 */
export async function endLeases(
  db: HubTransaction,
  agent: MailboxOwner,
  { asOfMs, leaseMs }: { asOfMs: number; leaseMs: number },
): Promise<void> {
  await db
    .updateTable('envelopes')
    .set({ lease_until: asOfMs })
    .where('site_id', '=', agent.siteId)
    .where('agent_id', '=', agent.agentId)
    .where(IS_OPEN)
    .where('lease_until', '>', asOfMs)
    .where('lease_until', '<=', asOfMs + leaseMs)
    .execute()
}

/**
 * What the instant of a lease may be behind when it is written: the longest that a transaction stands still, and waits
 * for a lock. Units: milliseconds.
 */
const LATE_MS = 15_000

/**
 * Why two ends: a lease that would outlast a new one was given before the clock went back, and is void. Why not at once:
 * the new one's own clock was read a moment ago, and a lease that another hub gave since is none of these.
 */
function isFree(eb: ExpressionBuilder<HubTables, 'envelopes'>, agent: MailboxOwner, lease: Lease) {
  return eb.and([
    eb('site_id', '=', agent.siteId),
    eb('agent_id', '=', agent.agentId),
    IS_OPEN,
    eb.or([
      eb('lease_until', '<=', lease.nowMs),
      eb('lease_until', '>', lease.nowMs + lease.leaseMs + LATE_MS),
    ]),
  ])
}

async function refuseWhenFull(
  db: HubTransaction,
  envelope: NewEnvelope,
  caps: QueueCaps,
): Promise<void> {
  const open = db.selectFrom('envelopes').where('site_id', '=', envelope.site_id)
  const inSite = open.where(IS_OPEN)
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

/** Keeps an answer, the first one. */
export async function addResult(
  db: HubTransaction,
  answer: NewAnswer,
  nowMs: number,
): Promise<AnswerOutcome> {
  const { siteId, agentId, envelopeId, sealed } = answer
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
}

async function compareResult(db: HubTransaction, answer: NewAnswer): Promise<AnswerOutcome> {
  const row = await db
    .selectFrom('results')
    .select('sealed')
    .where('site_id', '=', answer.siteId)
    .where('envelope_id', '=', answer.envelopeId)
    .executeTakeFirst()
  return row?.sealed === answer.sealed ? 'same' : 'other'
}
