// SPDX-License-Identifier: Apache-2.0
/** The signed envelope: payload type, exact payload bytes, signatures. Source: DSSE v1.0.2, "Envelope" and "Protocol". */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { encodeJson, parseJson } from './json.ts'
import { KeyId } from './primitives.ts'

/** One signature of an envelope. `keyId` is a hint for finding the key, never evidence. */
export interface EnvelopeSignature {
  readonly keyId: string
  readonly signature: Uint8Array
}

/** An envelope whose form is right. Nothing in it is believed before `verifyEnvelope`. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly EnvelopeSignature[]
}

/** Signatures one envelope may carry. */
export const MAX_SIGNATURES = 8

const Base64url = z.string().regex(/^[A-Za-z0-9_-]*$/, 'not base64url')

/** The JSON form of an envelope. `sig` is 64 bytes (Ed25519). */
const EnvelopeForm = z.strictObject({
  payloadType: z.string().regex(/^[\x21-\x7e]{1,128}$/, 'not a payload type'),
  payload: Base64url,
  signatures: z
    .array(z.strictObject({ keyid: KeyId, sig: Base64url.length(86) }))
    .min(1)
    .max(MAX_SIGNATURES)
    .refine(hasDistinctKeys, 'a key signs twice'),
})

/**
 * Reads an envelope.
 *
 * Trust: the form alone is checked; `payload` stays unparsed and unverified.
 * Shape: exactly `payloadType`, `payload` and 1 to 8 `signatures` of `keyid` and `sig`, each `keyid` once.
 * Throws: ERR_ENVELOPE_FORM, ERR_JSON_SIZE, ERR_JSON_FORM, ERR_JSON_DUPLICATE_KEY.
 */
export function parseEnvelope(bytes: Uint8Array, maxBytes: number): Envelope {
  const { payloadType, payload, signatures } = checkForm(parseJson(bytes, maxBytes))
  return {
    payloadType,
    payload: decodeField('payload', payload),
    signatures: signatures.map(({ keyid, sig }) => ({
      keyId: keyid,
      signature: decodeField('sig', sig),
    })),
  }
}

/** Writes an envelope as canonical JSON. Throws: ERR_ENVELOPE_FORM when `parseEnvelope` would not take it. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const signatures = envelope.signatures.map(({ keyId, signature }) => ({
    keyid: keyId,
    sig: encodeBase64url(signature),
  }))
  const payload = encodeBase64url(envelope.payload)
  return encodeJson(checkForm({ payloadType: envelope.payloadType, payload, signatures }))
}

/**
 * The bytes that are signed: pre-authentication encoding of a payload type and a payload.
 *
 * Source: DSSE v1.0.2, "Signature Definition" (PAE). Lengths count bytes, in decimal without leading zeros.
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8')
  const head = Buffer.from(`DSSEv1 ${type.length} `, 'ascii')
  const middle = Buffer.from(` ${payload.length} `, 'ascii')
  return new Uint8Array(Buffer.concat([head, type, middle, payload]))
}

/**
 * Size of an envelope around a payload of at most `maxPayloadBytes`, with every signature it may carry.
 *
 * Units: bytes.
 */
export function maxEnvelopeBytes(maxPayloadBytes: number): number {
  return Math.ceil((maxPayloadBytes * 4) / 3) + 256 + MAX_SIGNATURES * 192
}

function checkForm(value: unknown): z.infer<typeof EnvelopeForm> {
  const form = EnvelopeForm.safeParse(value)
  if (!form.success) throw formError(form.error.issues[0]!.path.join('.'))
  return form.data
}

function hasDistinctKeys(signatures: readonly { keyid: string }[]): boolean {
  return new Set(signatures.map(({ keyid }) => keyid)).size === signatures.length
}

function decodeField(field: string, text: string): Uint8Array {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw formError(field, cause)
  }
}

function formError(path: string, cause?: unknown): CodedError<'ERR_ENVELOPE_FORM'> {
  const shown = path.slice(0, 128)
  return new CodedError('ERR_ENVELOPE_FORM', `not an envelope: ${shown || 'root'}`, {
    details: { path: shown },
    cause,
  })
}
