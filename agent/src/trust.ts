// SPDX-License-Identifier: Apache-2.0
/** What an agent believes: the operators named by the enrolment that the fingerprint in its code vouches for. */
import { CodedError } from '@sallyport/sdk'
import {
  fingerprintOf,
  keyIdOf,
  makeTrustStore,
  parseSigningPublicKey,
  verifyEnvelope,
  type TrustedKey,
  type TrustStore,
} from '@sallyport/core/crypto'
import {
  documents,
  parseDocument,
  parseEnvelope,
  type Enrolment,
  type PublicIdentity,
} from '@sallyport/core/protocol'

/** A verified enrolment with the trust that follows from it. */
export interface Enrolled {
  readonly enrolment: Enrolment
  readonly trust: TrustStore
  /** X25519 public keys of the operators, base64url. */
  readonly operatorReaders: readonly string[]
}

/**
 * Verifies an enrolment.
 *
 * Trust: the bytes come from the hub or from disk. They count only if signed by the operator key whose fingerprint
 * the person typed with the code, so that a hub cannot put in operators of its own.
 * Throws: ERR_ENROLMENT_UNTRUSTED.
 */
export function verifyEnrolment(bytes: Uint8Array, operatorFingerprint: string): Enrolled {
  const envelope = parseEnvelope(bytes, 2 * documents.enrolment.maxBytes)
  const claimed = parseDocument(documents.enrolment, envelope.payload)
  const vouched = claimed.operators
    .map(operatorKey)
    .find((key) => fingerprintOf(key.publicKey) === operatorFingerprint)
  if (vouched === undefined) {
    throw untrusted('no operator in the enrolment has the fingerprint that the code carries')
  }
  const verified = verifyEnvelope(
    envelope,
    documents.enrolment,
    makeTrustStore(claimed.siteId, [vouched]),
  )
  if (!verified.ok) throw untrusted(`the enrolment is not signed by it: ${verified.refusal.reason}`)
  const enrolment = parseDocument(documents.enrolment, verified.payload)
  return {
    enrolment,
    trust: makeTrustStore(enrolment.siteId, enrolment.operators.map(operatorKey)),
    operatorReaders: enrolment.operators.map((operator) => operator.sealingKey),
  }
}

function operatorKey(operator: PublicIdentity): TrustedKey {
  const publicKey = parseSigningPublicKey(operator.signingKey)
  return { keyId: keyIdOf(publicKey), publicKey, role: 'operator', name: operator.name }
}

function untrusted(why: string): CodedError {
  return new CodedError('ERR_ENROLMENT_UNTRUSTED', `this enrolment cannot be trusted: ${why}`, {
    details: { remedy: 'ask the operator for a new code: sallyport agent code <name>' },
  })
}
