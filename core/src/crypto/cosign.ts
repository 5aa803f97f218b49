// SPDX-License-Identifier: Apache-2.0
/** Several signatures over one payload: adding one, and putting those of several people into one envelope. */
import type { DocumentKind } from '../protocol/documents.ts'
import {
  MAX_SIGNATURES,
  encodeEnvelope,
  pae,
  type Envelope,
  type EnvelopeSignature,
} from '../protocol/envelope.ts'
import { equalBytes } from './digest.ts'
import { verifySignature, type SigningKey } from './keys.ts'
import type { TrustedKey, TrustStore } from './trust-store.ts'

/**
 * Adds a signature over exactly the payload bytes of an envelope and returns the bytes of the new one. A key that has
 * signed already does not sign twice.
 *
 * Trust: call it with the payload that a person was shown; the signatures that are there are passed on as they are.
 * Throws: ERR_ENVELOPE_FORM when there is no room for one more.
 */
export function addSignature(envelope: Envelope, key: SigningKey): Uint8Array {
  const { payloadType, payload } = envelope
  const others = envelope.signatures.filter(({ keyId }) => keyId !== key.keyId)
  const own = { keyId: key.keyId, signature: key.sign(pae(payloadType, payload)) }
  return encodeEnvelope({ payloadType, payload, signatures: [...others, own] })
}

/** An envelope put together, and whose signatures it carries. */
export interface Merged {
  readonly envelope: Uint8Array
  readonly signers: readonly TrustedKey[]
}

/**
 * Puts the signatures that hold into one envelope around the payload of the first; undefined when none holds.
 *
 * Trust: the envelopes come from anyone. Of another payload, by an unknown key or one of another role, and what does not
 * hold, counts for nothing and is left out, so that nobody can fill the room with rubbish.
 * Why each holder once: the room is small, and a second key of one holder counts for nothing.
 */
export function mergeSignatures(
  first: Envelope,
  others: readonly Envelope[],
  { kind, trust }: { kind: Pick<DocumentKind<unknown>, 'roles'>; trust: TrustStore },
): Merged | undefined {
  const { payloadType, payload } = first
  const message = pae(payloadType, payload)
  const found = new Map<string, { key: TrustedKey; signed: EnvelopeSignature }>()
  for (const envelope of [first, ...others]) {
    if (envelope.payloadType !== payloadType || !equalBytes(envelope.payload, payload)) continue
    for (const signed of envelope.signatures) {
      const key = trust.find(signed.keyId)
      if (key === undefined || !kind.roles.includes(key.role)) continue
      const holder = `${key.role} ${key.name}`
      if (found.has(holder) || !verifySignature(key.publicKey, message, signed.signature)) continue
      found.set(holder, { key, signed })
    }
  }
  const kept = [...found.values()].slice(0, MAX_SIGNATURES)
  if (kept.length === 0) return undefined
  const signatures = kept.map(({ signed }) => signed)
  return {
    envelope: encodeEnvelope({ payloadType, payload, signatures }),
    signers: kept.map(({ key }) => key),
  }
}
