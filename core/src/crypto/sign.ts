// SPDX-License-Identifier: Apache-2.0
/** Signs documents and decides whose signature an envelope carries. One algorithm, Ed25519; no field names it. */
import { encodeDocument } from '../protocol/codec.ts'
import type { DocumentKind } from '../protocol/documents.ts'
import { encodeEnvelope, pae, type Envelope } from '../protocol/envelope.ts'
import type { Refusal, RefusalReason } from '../protocol/refusal.ts'
import { digestOf } from './digest.ts'
import { verifySignature, type SigningKey } from './keys.ts'
import type { TrustedKey, TrustStore } from './trust-store.ts'

/** A kind of document, whatever it holds. */
// A verifier takes kinds of every shape; the shape matters only after it, to `parseDocument`.
export type AnyDocumentKind = Pick<DocumentKind<unknown>, 'name' | 'payloadType' | 'roles'>

/** What an envelope was found to be. `payload` is authentic but still unparsed. */
export type Verification<K extends AnyDocumentKind = AnyDocumentKind> =
  | {
      readonly ok: true
      readonly kind: K
      readonly payload: Uint8Array
      readonly digest: string
      /** The first of the signers. */
      readonly signer: TrustedKey
      /** All keys of a right role whose signature holds, each once. */
      readonly signers: readonly TrustedKey[]
    }
  | { readonly ok: false; readonly refusal: Refusal }

/** Signs a document and returns the bytes of its envelope. Throws: as `encodeDocument`. */
export function signDocument<T>(kind: DocumentKind<T>, document: T, key: SigningKey): Uint8Array {
  const payload = encodeDocument(kind, document)
  const signature = key.sign(pae(kind.payloadType, payload))
  return encodeEnvelope({
    payloadType: kind.payloadType,
    payload,
    signatures: [{ keyId: key.keyId, signature }],
  })
}

/**
 * Finds the signatures that keys of the right role in the trust store made over exactly these bytes; one is enough here.
 * How many are needed, and by whom, is for whoever knows the effect to decide.
 *
 * Trust: nothing in `envelope` is believed before this says ok; the payload is still unparsed after it.
 * Source: DSSE v1.0.2, "Protocol", steps of verification.
 */
export function verifyEnvelope<K extends AnyDocumentKind>(
  envelope: Envelope,
  kinds: K | readonly K[],
  trustStore: TrustStore,
): Verification<K> {
  const { payloadType, payload, signatures } = envelope
  const accepted: readonly K[] = isList(kinds) ? kinds : [kinds]
  const kind = accepted.find((candidate) => candidate.payloadType === payloadType)
  if (kind === undefined) return refuse('unsupported_type', { payloadType })

  const keyIds = signatures.map(({ keyId }) => keyId)
  const known = signatures.flatMap(({ keyId, signature }) => {
    const key = trustStore.find(keyId)
    return key === undefined ? [] : [{ key, signature }]
  })
  if (known.length === 0) return refuse('unknown_key', { keyIds })

  const inRole = known.filter(({ key }) => kind.roles.includes(key.role))
  if (inRole.length === 0) {
    return refuse('wrong_role', {
      keyIds,
      roles: known.map(({ key }) => key.role),
      kind: kind.name,
    })
  }

  const message = pae(payloadType, payload)
  const signers = inRole
    .filter(({ key, signature }) => verifySignature(key.publicKey, message, signature))
    .map(({ key }) => key)
  const [signer] = signers
  if (signer === undefined) return refuse('bad_signature', { keyIds })
  return { ok: true, kind, payload, digest: digestOf(payload), signer, signers }
}

function isList<K>(kinds: K | readonly K[]): kinds is readonly K[] {
  return Array.isArray(kinds)
}

function refuse(
  reason: RefusalReason,
  details: Record<string, unknown>,
): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, details } }
}
