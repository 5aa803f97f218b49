// SPDX-License-Identifier: Apache-2.0
/** A pin's way: verify it, hold it against the binding it names, change the binding, unlock it. */
import { isCodedError } from '@sallyport/sdk'
import { checkLabel, checkPin, verifyPin, type StandingPin } from '../admission/index.ts'
import type { Pin, Refusal } from '../protocol/index.ts'
import { NO_PINS, type BindingPins } from './binding-pins.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/**
 * Takes a pin, or refuses it.
 *
 * Why the binding first: a record of a pin that is not in force would be believed; a pin in force without its record is
 * taken again when the hub delivers it again, and the agent records a changed binding by itself.
 */
export async function takePin(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { admission, pins = NO_PINS }: TakerPorts,
): Promise<void> {
  const verified = verifyPin(envelope, admission)
  if (!verified.ok) return recorder.recordRefused(receipt, verified.refusal, 'pin.refused')
  const { document: pin, digest, signerKeyId } = verified.value
  const { pinId, plugin, binding, sha256, readers } = pin
  const label = checkLabel(pinId, receipt.envelopeId)
  if (!label.ok) return recorder.recordRefused(receipt, label.refusal, 'pin.refused')
  const changed = await change(pin, pins)
  if ('refusal' in changed) return recorder.recordRefused(receipt, changed.refusal, 'pin.refused')
  const { pinned, isLocked } = changed.standing
  const output = { pinId, plugin, binding, sha256, replaced: pinned, wasLocked: isLocked }
  recorder.recordTaken(receipt, {
    digest,
    readers,
    output,
    event: 'binding.pinned',
    details: { ...output, signer: signerKeyId },
    checksPassedCount: 6,
    write: () => pins.lift({ plugin, binding }),
  })
}

/** Throws: ERR_STATE_LOCKED, and what no operator can mend; the hub delivers again then. */
async function change(
  pin: Pin,
  pins: BindingPins,
): Promise<{ standing: StandingPin } | { refusal: Refusal }> {
  const { plugin, binding, sha256, issuedAt } = pin
  let refusal: Refusal | undefined
  try {
    const standing = await pins.pin({ plugin, binding }, { sha256, issuedAt }, (found) => {
      const checked = checkPin(pin, found)
      refusal = checked.ok ? undefined : checked.refusal
      return checked.ok
    })
    return refusal === undefined ? { standing: standing! } : { refusal }
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'ERR_BINDINGS_FILE') throw error
    return { refusal: { reason: 'store_unavailable', details: { code: error.code } } }
  }
}
