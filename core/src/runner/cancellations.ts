// SPDX-License-Identifier: Apache-2.0
/** A cancellation's way: verify it, keep it for ever, then end the job if it runs. */
import { checkLabel, verifyCancellation } from '../admission/index.ts'
import type { TrustedKey } from '../crypto/index.ts'
import { documents, parseDocument, type Cancellation } from '../protocol/index.ts'
import type { Journal, RunRow } from './ports.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/** Where the job stood when its cancellation came. */
type Found = 'not-begun' | 'running' | 'ended'

/**
 * Takes a cancellation, or refuses it.
 *
 * Why all in one turn: a job is admitted and its intent recorded in one turn too, so either it is refused as cancelled
 * or it runs and is ended; never both, never neither.
 */
export async function takeCancellation(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal, running }: TakerPorts,
): Promise<void> {
  const verified = verifyCancellation(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'cancellation.refused')
  const { document: cancellation, digest, signers } = verified.value
  const { cancellationId, jobId, why, readers } = cancellation
  const label = checkLabel(cancellationId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'cancellation.refused')
  const onlyOf = onlyOfIn(signers)
  const row = journal.findRun(jobId)
  const found = foundIn(row, onlyOf)
  const details = { cancellationId, jobId, why, found, onlyOf, signers: namesOf(signers) }
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { cancellationId, jobId, found },
    event: 'cancellation.accepted',
    details,
    checksPassedCount: 6,
    write: (nowMs) => put(journal, { cancellation, onlyOf }, nowMs),
  })
  if (found === 'running') running.cancel(jobId, why)
}

function put(
  journal: Journal,
  { cancellation, onlyOf }: { cancellation: Cancellation; onlyOf: readonly string[] },
  nowMs: number,
): void {
  const { cancellationId, jobId, why } = cancellation
  journal.putCancellation({ cancellationId, jobId, why, onlyOf }, nowMs)
}

/** Why: a customer may stop what they asked for, and not what an operator or another customer did. */
function onlyOfIn(signers: readonly TrustedKey[]): string[] {
  if (signers.some(({ role }) => role === 'operator')) return []
  return signers.map(({ keyId }) => keyId)
}

function foundIn(row: RunRow | undefined, onlyOf: readonly string[]): Found {
  if (row === undefined) return 'not-begun'
  if (row.state !== 'intent') return 'ended'
  if (onlyOf.length === 0) return 'running'
  const { requestedBy } = parseDocument(documents.job, row.payload)
  return onlyOf.includes(requestedBy) ? 'running' : 'ended'
}

function namesOf(signers: readonly TrustedKey[]): string[] {
  return signers.map(({ name, role }) => `${role} ${name}`)
}
