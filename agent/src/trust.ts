// SPDX-License-Identifier: Apache-2.0
/** What an agent believes when it enrols: the trust root that the fingerprint in its code vouches for. */
import {
  parseNameKey,
  revealRoot,
  trustStoreOf,
  verifyEnvelope,
  verifyFirstRoot,
  verifyPolicy,
  type SignedRoot,
  type VerifiedRoot,
} from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  epochMs,
  parseDocument,
  parseEnvelope,
  type Enrolment,
  type Policy,
} from '@sallyport/core/protocol'
import { CodedError, isCodedError } from '@sallyport/sdk'

/** A verified enrolment with what follows from it. */
export interface Enrolled {
  readonly enrolment: Enrolment
  readonly siteName: string
  /** What the names of the site are hidden under. */
  readonly nameKey: Uint8Array
  readonly rootVersion: number
  readonly rootDigest: string
  readonly policy: Policy
  /** Names of the operators at that time. */
  readonly operators: readonly string[]
  /** X25519 public keys of the operators at that time, base64url. */
  readonly operatorReaders: readonly string[]
}

/**
 * Verifies an enrolment.
 *
 * Trust: the bytes come from the hub or from disk. They count only with the trust root whose fingerprint the person typed
 * with the code, signed by an operator of it, so that a hub cannot put in keys of its own.
 * Time: as of the moment it was signed; it is read again at every start, when keys of it may have ended.
 * Throws: ERR_ENROLMENT_UNTRUSTED.
 */
export function verifyEnrolment(bytes: Uint8Array, rootFingerprint: string): Enrolled {
  const envelope = parseEnvelope(bytes, 2 * documents.enrolment.maxBytes)
  const claimed = parseDocument(documents.enrolment, envelope.payload)
  const first = verifyFirstRoot(decodeBase64url(claimed.trustRoot), rootFingerprint)
  if (!first.ok) throw untrusted(`its trust root is not that of the code: ${first.refusal.reason}`)
  const { digest: rootDigest } = first
  const trust = trustStoreOf(first.root, epochMs(claimed.issuedAt))
  const verified = verifyEnvelope(envelope, documents.enrolment, trust)
  if (!verified.ok) throw untrusted(`no operator of the site signed it: ${verified.refusal.reason}`)
  const enrolment = parseDocument(documents.enrolment, verified.payload)
  const { root, nameKey } = withNames(first, enrolment.nameKey)
  if (enrolment.siteId !== root.siteId) throw untrusted('its trust root is of another site')
  const policy = verifyPolicy(root, decodeBase64url(enrolment.policy))
  if (!policy.ok) throw untrusted(`its policy does not hold: ${policy.refusal.reason}`)
  const operators = root.keys.filter(({ role }) => role === 'operator')
  return {
    enrolment,
    siteName: root.siteName,
    nameKey,
    rootVersion: root.version,
    rootDigest,
    policy: policy.policy,
    operators: operators.map(({ holder }) => holder),
    operatorReaders: operators.flatMap(({ sealingKey }) => sealingKey ?? []),
  }
}

function withNames(root: SignedRoot, nameKey: string): VerifiedRoot {
  try {
    return revealRoot(root, parseNameKey(nameKey))
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw untrusted(`its name key is not that of the trust root (${error.code})`)
  }
}

function untrusted(why: string): CodedError {
  return new CodedError('ERR_ENROLMENT_UNTRUSTED', `this enrolment cannot be trusted: ${why}`, {
    details: { remedy: 'ask the operator for a new code: sallyport agent code <name>' },
  })
}
