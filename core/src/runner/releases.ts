// SPDX-License-Identifier: Apache-2.0
/** A release's way: verify it, take the bundle out of quarantine, let it start again. */
import { checkLabel, verifyRelease } from '../admission/index.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/** Takes a release from quarantine, or refuses it. */
export async function takeRelease(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal, host }: TakerPorts,
): Promise<void> {
  const verified = verifyRelease(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'release.refused')
  const { document: release, digest, signerKeyId } = verified.value
  const { releaseId, plugin, readers } = release
  const label = checkLabel(releaseId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'release.refused')
  const wasQuarantined = admission.quarantine.find(plugin.digest) !== undefined
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { releaseId, ...plugin, wasQuarantined },
    event: 'plugin.released',
    details: { releaseId, ...plugin, wasQuarantined, signer: signerKeyId },
    checksPassedCount: 6,
    write: () => journal.liftQuarantine(plugin.digest),
  })
  host.forgive(plugin.digest)
}
