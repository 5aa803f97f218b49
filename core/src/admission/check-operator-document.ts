// SPDX-License-Identifier: Apache-2.0
/** What every document of an operator must be before its content counts: well formed, signed by enough in the right role, for this agent. */
import { verifyEnvelope, type TrustedKey, type TrustStore } from '../crypto/index.ts'
import type { DocumentKind } from '../protocol/index.ts'
import { checkAddress, type Address, type Addressed } from './check-address.ts'
import { checkDocument, checkForm } from './check-form.ts'
import { checkSignatures } from './check-signatures.ts'
import { pass, type Checked } from './checked.ts'
import { signedAs } from './document-effect.ts'
import type { HighWaterClock } from './ports.ts'

/** Who asks, whom it believes and what time it is. */
export interface SignedPorts {
  readonly self: Address
  readonly trust: TrustStore
  readonly clock: HighWaterClock
}

/** A document whose signature, form and address hold, whatever the time. */
export interface OperatorDocument<T> {
  readonly document: T
  /** SHA-256 of its signed payload. */
  readonly digest: string
  readonly signerKeyId: string
  /** Everyone whose signature holds. */
  readonly signers: readonly TrustedKey[]
}

/**
 * Checks form, signature and role, address, and that enough signed.
 *
 * Trust: how many are enough is asked of the trust root as it is now, so a document that is held is void once a key of
 * it is gone or the threshold is raised.
 */
export function checkOperatorDocument<T extends Addressed>(
  kind: DocumentKind<T>,
  envelopeBytes: Uint8Array,
  ports: Omit<SignedPorts, 'clock'>,
): Checked<OperatorDocument<T>> {
  const envelope = checkForm(envelopeBytes)
  if (!envelope.ok) return envelope
  const verified = verifyEnvelope(envelope.value, kind, ports.trust)
  if (!verified.ok) return verified
  const document = checkDocument(kind, verified.payload)
  if (!document.ok) return document
  const address = checkAddress(document.value, ports.self)
  if (!address.ok) return address
  const { digest, signer, signers } = verified
  const enough = checkSignatures(signedAs(kind, document.value), signers, ports.trust)
  if (!enough.ok) return enough
  return pass({ document: document.value, digest, signerKeyId: signer.keyId, signers })
}
