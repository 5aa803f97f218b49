// SPDX-License-Identifier: Apache-2.0
/** The last steps of every delivery: seal the signed answer once, send it until the hub acknowledges it. */
import { CodedError } from '@sallyport/sdk'
import { open, seal } from '../crypto/index.ts'
import type { DueRunRow, Journal, OutboxRow, ResultChannel, Sealer } from './ports.ts'

/** What the outbox needs. */
export interface OutboxPorts {
  readonly journal: Journal
  readonly channel: ResultChannel
  readonly clock: { now(): number }
  /** Unless given, JWE. */
  readonly sealer?: Sealer
}

/** JWE. */
export const SEALER: Sealer = { open, seal }

/**
 * Sends one answer. Safe to repeat: the sealed bytes are made once and kept before they are first sent.
 *
 * Throws: the channel's errors; the answer then stays in the outbox.
 */
export async function sendAnswer(envelopeId: string, ports: OutboxPorts): Promise<void> {
  const row = ports.journal.findOutbox(envelopeId)
  if (row === undefined) throw new CodedError('ERR_OUTBOX_MISSING', `no answer for ${envelopeId}`)
  const sealed = row.sealed ?? (await sealAnswer(row, ports))
  await give(row, sealed, ports)
  ports.journal.transaction(() => ports.journal.acknowledge(envelopeId, ports.clock.now()))
}

/**
 * Sends every unacknowledged answer, oldest first; stops at the first that cannot be sent.
 *
 * Why a report stops reports alone: a hub that takes no more of them must not keep the answers to jobs waiting.
 */
export async function flushOutbox(ports: OutboxPorts): Promise<void> {
  const failures: unknown[] = []
  for (const row of ports.journal.outbox()) {
    const isReport = dueOf(row, ports) !== undefined
    if (isReport && failures.length > 0) continue
    try {
      await sendAnswer(row.envelopeId, ports)
    } catch (error) {
      if (!isReport) throw error
      failures.push(error)
    }
  }
  for (const error of failures) throw error
}

/** What nobody sent a job for goes to the hub as a report. */
async function give(row: OutboxRow, sealed: string, ports: OutboxPorts): Promise<void> {
  const { envelopeId } = row
  const due = dueOf(row, ports)
  if (due === undefined) return ports.channel.answer(envelopeId, sealed)
  const { scheduleId, dueAtMs } = due
  await ports.channel.report({ envelopeId, scheduleId, dueAtMs, sealed })
}

function dueOf({ jobId, envelopeId }: OutboxRow, { journal }: OutboxPorts): DueRunRow | undefined {
  const due = jobId === null ? undefined : journal.schedules.findRun(jobId)
  return due?.envelopeId === envelopeId ? due : undefined
}

async function sealAnswer(
  row: OutboxRow,
  { journal, sealer = SEALER }: Pick<OutboxPorts, 'journal' | 'sealer'>,
): Promise<string> {
  const sealed = await sealer.seal(row.signed, row.readers)
  journal.transaction(() => journal.setSealed(row.envelopeId, sealed))
  return journal.findOutbox(row.envelopeId)?.sealed ?? sealed
}
