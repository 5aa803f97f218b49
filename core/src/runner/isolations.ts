// SPDX-License-Identifier: Apache-2.0
/** The way of an order to isolate an agent or to lift that: verify it, hold it against what was said last, keep it. */
import { checkIsolation, checkLabel, verifyIsolation } from '../admission/index.ts'
import { epochMs } from '../protocol/index.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/** Takes an order, or refuses it. Jobs that run go on; none begins. */
export async function takeIsolation(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal }: TakerPorts,
): Promise<void> {
  const verified = verifyIsolation(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'isolation.refused')
  const { document: order, digest, signerKeyId } = verified.value
  const { isolationId, isIsolated, why, issuedAt, readers } = order
  const label = checkLabel(isolationId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'isolation.refused')
  const last = journal.isolationWord()
  const newer = checkIsolation(order, last)
  if (!newer.ok) return recorder.recordRefused(receipt, newer.refusal, 'isolation.refused')
  const wasIsolated = last?.isIsolated === true
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { isolationId, isIsolated, wasIsolated },
    event: 'isolation.accepted',
    details: { isolationId, isIsolated, wasIsolated, why, signer: signerKeyId },
    checksPassedCount: 6,
    write: (nowMs) =>
      journal.putIsolationWord({ isIsolated, why, issuedAtMs: epochMs(issuedAt), sinceMs: nowMs }),
  })
}
