// SPDX-License-Identifier: Apache-2.0
/** An approval's way: verify it, fetch the bundle it names, hold it against what stands, keep both. */
import {
  checkContent,
  checkLabel,
  checkRevoked,
  checkUpgrade,
  verifyApproval,
} from '../admission/index.ts'
import type { Approval } from '../protocol/index.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/**
 * Takes an approval and the bundle it names, or refuses it.
 *
 * Throws: the bundle source's errors; nothing is kept then and the hub will deliver again.
 */
export async function takeApproval(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  ports: TakerPorts,
): Promise<void> {
  const { admission, bundles } = ports
  const verified = verifyApproval(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'approval.refused')
  const { document: approval, digest } = verified.value
  const label = checkLabel(approval.approvalId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'approval.refused')
  const bytes = await bundles.fetch(approval.plugin.digest)
  // Why after the fetch: what stands may change meanwhile, and nothing comes between these checks and the record.
  for (const check of [
    checkRevoked(approval, admission.revocations),
    checkUpgrade(approval, admission),
    checkContent(approval, bytes, admission),
  ]) {
    if (!check.ok) return recorder.recordRefused(receipt, check.refusal, 'approval.refused')
  }
  keep({ approval, digest, envelope, bundle: bytes! }, receipt, recorder, ports)
}

/** An approval and its bundle, both verified. */
interface Accepted {
  readonly approval: Approval
  readonly digest: string
  readonly envelope: Uint8Array
  readonly bundle: Uint8Array
}

function keep(
  accepted: Accepted,
  receipt: Receipt,
  recorder: Recorder,
  { journal }: TakerPorts,
): void {
  const { approval, digest, envelope, bundle } = accepted
  const { approvalId, plugin, publisher, readers } = approval
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { approvalId, ...plugin },
    event: 'approval.accepted',
    details: { approvalId, ...plugin, publisher: publisher.key, jobs: Object.keys(approval.jobs) },
    checksPassedCount: 9,
    write: (nowMs) => {
      if (!journal.hasBundle(plugin.digest)) journal.putBundle(plugin.digest, bundle)
      journal.putApproval(approval, envelope, nowMs)
    },
  })
}
