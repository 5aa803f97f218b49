// SPDX-License-Identifier: Apache-2.0
/** The schedules of a site as this machine knows them: signed here or by a colleague, and what their agents said. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { open, verifyEnvelope } from '@sallyport/core/crypto'
import { signedAs } from '@sallyport/core/admission'
import {
  Digest,
  Instant,
  Schedule,
  documents,
  instantOf,
  parseDocument,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { ScheduleOrder } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { isPinned, readAgents } from './agents.ts'
import type { AgentRecord, PinnedAgent } from './agents.ts'
import { deliver } from './deliver.ts'
import { envelopes } from './find-job.ts'
import type { Operator } from './operator.ts'
import { readRecords, writeRecord } from './records.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'
import { readersFor } from './send.ts'
import type { ToSign } from './signatures.ts'

/** How far back the mailbox is searched for what colleagues signed. */
const MAX_SEARCHED = 500
/** How long the hub keeps an order for an agent that is away. */
const ORDER_KEPT_MS = 400 * 86_400_000

/** One schedule that was given to one agent, and what the agent said. */
export const ScheduleRecord = z.strictObject({
  format: z.literal('sallyport-schedule-record-1'),
  agentId: z.string(),
  schedule: Schedule,
  /** Digest of the signed payload: what every report names. */
  digest: Digest,
  signer: z.string(),
  state: z.enum(['sent', 'accepted', 'refused']),
  /** What the agent took last of the orders about it. */
  order: z.enum(['pause', 'resume', 'remove']).nullable(),
  orderedAt: Instant.nullable(),
})
export type ScheduleRecord = z.infer<typeof ScheduleRecord>

/** Where a schedule stands. */
export type ScheduleState = 'sent' | 'refused' | 'active' | 'paused' | 'removed' | 'expired'

/** Where it stands at an instant. */
export function stateOfSchedule(record: ScheduleRecord, nowMs: number): ScheduleState {
  if (record.state !== 'accepted') return record.state
  if (record.order === 'remove') return 'removed'
  if (Date.parse(record.schedule.expiresAt) < nowMs) return 'expired'
  return record.order === 'pause' ? 'paused' : 'active'
}

/** All schedules on record, newest first. */
export async function readSchedules(home: Home): Promise<ScheduleRecord[]> {
  const records = await readRecords(folderOf(home), ScheduleRecord)
  return records.sort((a, b) => (a.schedule.issuedAt > b.schedule.issuedAt ? -1 : 1))
}

/** Signs a schedule for an agent; undefined when it did not answer in time. Throws: ERR_AWAITING. */
export async function addSchedule(
  operator: Operator,
  agent: PinnedAgent,
  { schedule, toSign, untilMs }: { schedule: Schedule; toSign: ToSign; untilMs: number },
): Promise<VerifiedResult | undefined> {
  const { scheduleId: envelopeId, expiresAt } = schedule
  const outgoing = { kind: documents.schedule, document: schedule, envelopeId, expiresAt }
  const answer = await deliver(operator, agent, { ...outgoing, untilMs, signed: toSign })
  await learnSchedules(operator)
  return answer
}

/** Signs an order about a schedule; undefined when the agent did not answer in time. Throws: ERR_AWAITING. */
export async function orderSchedule(
  operator: Operator,
  agent: PinnedAgent,
  given: { record: ScheduleRecord; order: ScheduleOrder['order']; untilMs: number },
): Promise<VerifiedResult | undefined> {
  const { record, order, untilMs } = given
  const nowMs = operator.now()
  const kind = documents.scheduleOrder
  const document: ScheduleOrder = {
    orderId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    scheduleId: record.schedule.scheduleId,
    order,
    issuedAt: instantOf(nowMs),
    readers: readersFor(operator, agent, signedAs(kind, {})),
  }
  const { orderId: envelopeId } = document
  const expiresAt = instantOf(nowMs + ORDER_KEPT_MS)
  const answer = await deliver(operator, agent, { kind, document, envelopeId, expiresAt, untilMs })
  if (answer?.result.state === 'done') await keepOrder(operator, document)
  return answer
}

/**
 * Looks at the hub for schedules and orders that were signed for agents of the site, by whomever, and keeps them.
 *
 * Trust: each was signed by someone of the site, and what the agent says of it is signed by the agent.
 */
export async function learnSchedules(operator: Operator): Promise<ScheduleRecord[]> {
  const agents = await readAgents(operator.home)
  const orders: ScheduleOrder[] = []
  let searchedCount = 0
  for await (const view of envelopes(operator)) {
    const order = await orNothing(() => learnOne(operator, view, agents))
    if (order !== undefined) orders.push(order)
    if (++searchedCount === MAX_SEARCHED) break
  }
  for (const order of orders) await keepOrder(operator, order)
  return readSchedules(operator.home)
}

async function learnOne(
  operator: Operator,
  view: EnvelopeView,
  agents: readonly AgentRecord[],
): Promise<ScheduleOrder | undefined> {
  const kinds = [documents.schedule, documents.scheduleOrder]
  const bytes = await open(view.sealed, operator.identity.sealing, WIRE.maxSealedBytes)
  const verified = verifyEnvelope(parseEnvelope(bytes, WIRE.maxSealedBytes), kinds, operator.trust)
  if (!verified.ok) return undefined
  const { kind, payload, digest, signer } = verified
  const state = await answeredState(operator, view, { digest, agents })
  if (kind.name === documents.scheduleOrder.name) {
    const order = parseDocument(documents.scheduleOrder, payload)
    return state === 'accepted' && order.orderId === view.envelopeId ? order : undefined
  }
  const schedule = parseDocument(documents.schedule, payload)
  if (schedule.scheduleId !== view.envelopeId) return undefined
  const known = (await readSchedules(operator.home)).find((each) => each.digest === digest)
  const { order = null, orderedAt = null } = known ?? {}
  const format = 'sallyport-schedule-record-1' as const
  const said = { state, order, orderedAt, signer: signer.name, digest }
  await write(operator.home, { format, agentId: view.agentId, schedule, ...said })
  return undefined
}

async function answeredState(
  operator: Operator,
  { agentId, envelopeId, result }: EnvelopeView,
  { digest, agents }: { digest: string; agents: readonly AgentRecord[] },
): Promise<ScheduleRecord['state']> {
  const agent = agents.find((each) => each.agentId === agentId)
  if (result === null || agent === undefined || !isPinned(agent)) return 'sent'
  const answer = await openResult(operator, agent, result, { envelopeId, digest, jobId: null })
  return answer.result.state === 'done' ? 'accepted' : 'refused'
}

/** The newest order stands, and a removal for ever, as on the agent. */
async function keepOrder({ home }: Operator, given: ScheduleOrder): Promise<void> {
  const { scheduleId, order, issuedAt } = given
  const record = (await readSchedules(home)).find((each) => each.schedule.scheduleId === scheduleId)
  if (record === undefined || record.order === 'remove') return
  if (order !== 'remove' && record.orderedAt !== null && record.orderedAt >= issuedAt) return
  await write(home, { ...record, order, orderedAt: issuedAt })
}

async function write(home: Home, record: ScheduleRecord): Promise<void> {
  const path = join(folderOf(home), `${record.schedule.scheduleId}.json`)
  await writeRecord(path, ScheduleRecord, record)
}

function folderOf(home: Home): string {
  return join(home.operator.folder, 'schedules')
}

/** Why: what cannot be opened or verified is somebody else's, and nothing is learnt from it. */
async function orNothing<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isCodedError(error) && !error.code.startsWith('ERR_HUB_')) return undefined
    throw error
  }
}
