// SPDX-License-Identifier: Apache-2.0
/** The way of a schedule, and of an order about one: verify it, keep it, say what comes of it. */
import { checkLabel, verifySchedule, verifyScheduleOrder } from '../admission/index.ts'
import { instantOf, type Refusal, type Schedule } from '../protocol/index.ts'
import { nextMoments } from '../schedules/index.ts'
import type { Journal } from './ports.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/** Times that an agent names when it takes a schedule. */
const NAMED_TIMES = 5

/** Schedules that are held at most. */
const MAX_SCHEDULES = 256

/** Takes a schedule, or refuses it. Times until now are none of its. */
export async function takeSchedule(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal }: TakerPorts,
): Promise<void> {
  const verified = verifySchedule(envelope, receipt.envelopeId, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'schedule.refused')
  const { schedule, digest, signer, signers, jobManifest, times, nowMs, rules } = verified.value
  const refusal = whyNotKept(schedule, journal, nowMs)
  if (refusal !== undefined) return recorder.recordRefused(receipt, refusal, 'schedule.refused')
  const { scheduleId, name, jobType, cron, timeZone, catchUp, expiresAt, readers } = schedule
  const { effect } = jobManifest
  const jitterSeconds = times.jitterMs / 1_000
  const next = nextMoments(times, nowMs, NAMED_TIMES).map(instantOf)
  const when = { cron, timeZone, jitterSeconds, catchUp, expiresAt }
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { scheduleId, name, jobType, effect, jitterSeconds, next },
    event: 'schedule.accepted',
    details: {
      ...{ scheduleId, name, jobType, effect, ...when },
      signer: signer.keyId,
      signers: signers.map((key) => `${key.role} ${key.name}`),
      rules: rules.slice(0, 8),
    },
    checksPassedCount: 14,
    write: (atMs) => journal.schedules.put(schedule, envelope, atMs),
  })
}

/** Takes an order about a schedule, or refuses it. A run that goes on is not ended by it. */
export async function takeScheduleOrder(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal }: TakerPorts,
): Promise<void> {
  const verified = verifyScheduleOrder(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'schedule.refused')
  const { document: order, digest, signerKeyId } = verified.value
  const { orderId, scheduleId, readers } = order
  const label = checkLabel(orderId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'schedule.refused')
  const isHeld = journal.schedules.envelope(scheduleId) !== undefined
  const output = { orderId, scheduleId, order: order.order, isHeld }
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output,
    event: 'schedule.ordered',
    details: { ...output, signer: signerKeyId },
    checksPassedCount: 6,
    write: (atMs) => journal.schedules.order(order, atMs),
  })
}

/** Why no two of one name: the policy and people know a schedule by it. */
function whyNotKept(
  { scheduleId, name }: Schedule,
  { schedules }: Journal,
  nowMs: number,
): Refusal | undefined {
  const refuse = (why: string): Refusal => ({ reason: 'not_schedulable', details: { why } })
  if (schedules.standing(scheduleId) === 'remove') return refuse('it was removed')
  const others = schedules.list().filter((row) => row.scheduleId !== scheduleId)
  if (others.some((row) => row.name === name && row.expiresAtMs >= nowMs)) {
    return refuse(`this agent has a schedule of the name ${name} already`)
  }
  if (others.length >= MAX_SCHEDULES) return refuse(`this agent has ${MAX_SCHEDULES} schedules`)
  return undefined
}
