// SPDX-License-Identifier: Apache-2.0
/** The way of an operator's word that the hub was restored: verify it, and begin anew with the hub from the head in it. */
import { judgeGrowth } from '../audit/index.ts'
import { checkLabel, verifyRestoration } from '../admission/index.ts'
import { decodeBase64url, instantOf, type HubRestoration, type Refusal } from '../protocol/index.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/**
 * Takes the word, or refuses it. A doubt that stands is over then; what it was stays on record.
 *
 * Trust: the hub is held to the head in it from then on. A hub that keeps the word back is doubted for as long.
 */
export async function takeRestoration(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, witness }: TakerPorts,
): Promise<void> {
  const refuse = (refusal: Refusal) =>
    recorder.recordRefused(receipt, refusal, 'restoration.refused')
  if (witness === undefined) return refuse({ reason: 'unsupported_type', details: {} })
  const verified = verifyRestoration(envelope, admission)
  if (!verified.ok) return refuse(verified.refusal)
  const { document, digest, signerKeyId } = verified.value
  const { restorationId, epoch, hubHead, readers } = document
  const label = checkLabel(restorationId, receipt.envelopeId)
  if (!label.ok) return refuse(label.refusal)
  const why = whyNoHead(document)
  if (why !== undefined) return refuse({ reason: 'malformed', details: { why } })
  const known = witness.read()
  const { doubt, doubtedSinceMs } = known
  const since = doubtedSinceMs === null ? null : instantOf(doubtedSinceMs)
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output: { restorationId, epoch, wasDoubted: doubt !== null },
    event: 'hub.believed',
    details: { restorationId, epoch, doubt, since, head: hubHead, signer: signerKeyId },
    checksPassedCount: 6,
    // Why from the beginning: the restored hub says itself which head of this log it has, and which segments.
    write: () =>
      witness.write({
        ...known,
        size: 0,
        segmentsTo: 0,
        hubKey: decodeBase64url(document.hubKey),
        hubNote: hubHead,
        doubt: null,
        doubtedSinceMs: null,
      }),
  })
}

/** Why before it is kept: a head that is none would have the next one doubted. */
function whyNoHead({ hubKey, hubHead }: HubRestoration): string | undefined {
  const claim = { old: undefined, note: hubHead, path: [] }
  return judgeGrowth(decodeBase64url(hubKey), claim)
}
