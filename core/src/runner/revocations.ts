// SPDX-License-Identifier: Apache-2.0
/** A revocation's way: verify it, keep it for ever, then end what runs of it. */
import { checkLabel, verifyRevocation } from '../admission/index.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/** Bundles that an answer names. */
const MAX_NAMED = 64

/**
 * Takes a revocation, or refuses it. Resolves when no process of what it revokes is left.
 *
 * Why recorded first: from then on no job of it is admitted, so none can start between the record and the stop.
 */
export async function takeRevocation(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, journal, host }: TakerPorts,
): Promise<void> {
  const verified = verifyRevocation(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'revocation.refused')
  const { document: revocation, digest, signerKeyId } = verified.value
  const { revocationId, subject, why, readers } = revocation
  const label = checkLabel(revocationId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'revocation.refused')
  const revoked = journal.concernedBy(revocation)
  const named = revoked.slice(0, MAX_NAMED)
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { revocationId, plugins: named },
    event: 'revocation.accepted',
    details: { revocationId, subject, why, signer: signerKeyId, plugins: named },
    checksPassedCount: 5,
    write: (nowMs) => journal.putRevocation(revocation, envelope, nowMs),
  })
  const stop = { code: 'ERR_PLUGIN_REVOKED', message: `an operator revoked the plugin: ${why}` }
  await Promise.all(revoked.map((plugin) => host.stop(plugin.digest, stop)))
}
