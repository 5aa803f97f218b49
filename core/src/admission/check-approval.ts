// SPDX-License-Identifier: Apache-2.0
/** An approval by itself: form, signature and role, address, window. */
import { verifyEnvelope, type TrustStore } from '../crypto/index.ts'
import { documents, type Approval } from '../protocol/index.ts'
import { checkAddress, type Address } from './check-address.ts'
import { checkDocument, checkForm } from './check-form.ts'
import { checkWindow } from './check-window.ts'
import { pass, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { HighWaterClock } from './ports.ts'

/** Who asks, whom it believes and what time it is. */
export interface SignedPorts {
  readonly self: Address
  readonly trust: TrustStore
  readonly clock: HighWaterClock
}

/** An approval whose signature, form and address hold. */
export interface VerifiedApproval {
  readonly approval: Approval
  /** SHA-256 of its signed payload. */
  readonly digest: string
  readonly signerKeyId: string
}

/** Checks an approval by itself, its window included. */
export function verifyApproval(
  envelopeBytes: Uint8Array,
  ports: SignedPorts,
): Checked<VerifiedApproval> {
  const opened = openApproval(envelopeBytes, ports)
  if (!opened.ok) return opened
  const { approval } = opened.value
  const window = { ...approval, notBefore: approval.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxApprovalLifetimeMs, ports.clock)
  return time.ok ? opened : time
}

/** The same whatever the time: what an approval that has ended once said. */
export function openApproval(
  envelopeBytes: Uint8Array,
  ports: Omit<SignedPorts, 'clock'>,
): Checked<VerifiedApproval> {
  const envelope = checkForm(envelopeBytes)
  if (!envelope.ok) return envelope
  const verified = verifyEnvelope(envelope.value, documents.approval, ports.trust)
  if (!verified.ok) return verified
  const approval = checkDocument(documents.approval, verified.payload)
  if (!approval.ok) return approval
  const address = checkAddress(approval.value, ports.self)
  if (!address.ok) return address
  const { digest, signer } = verified
  return pass({ approval: approval.value, digest, signerKeyId: signer.keyId })
}
