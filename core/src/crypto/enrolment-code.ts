// SPDX-License-Identifier: Apache-2.0
/** The one-time enrolment code: a secret, a fingerprint of the trust root, where the hub is, and a checksum, as a person types it. */
import { CodedError } from '@sallyport/sdk'
import { decodeBase64url, encodeBase64url } from '../protocol/base64url.ts'
import { equalBytes, hkdfSha256, hmacSha256, sha256 } from './digest.ts'
import { decodeHubs, encodeHubs } from './enrolment-code-hubs.ts'
import { parseSealingPublicKey, parseSigningPublicKey } from './public-key.ts'
import { readAnyTypedDigits, typedDigits } from './typed-digits.ts'

/** Codes of an enrolment code that is refused. */
export type EnrolmentCodeErrorCode = 'ERR_CODE_FORM' | 'ERR_CODE_CHECKSUM'

/** What a code holds. The hub only ever sees `redeemToken`; `sealKey` and `proofKey` never leave either side. */
export interface EnrolmentCode {
  /** Base64url, shown to the hub once. */
  readonly redeemToken: string
  /** Base64url of the SHA-256 of the token's bytes, all that the hub stores. */
  readonly redeemHash: string
  readonly sealKey: Uint8Array
  readonly proofKey: Uint8Array
  /** `fingerprintOf` the signed payload of the trust root. */
  readonly rootFingerprint: string
  /** Base addresses of the hub, to be tried in this order. Trust: a hint and nothing more, like all that a hub says. */
  readonly hubs: readonly string[]
}

/** Bytes of the secret of a code. */
export const CODE_SECRET_BYTES = 16

const PREFIX = 'SP2'
const FINGERPRINT_BYTES = 16
const CHECKSUM_BYTES = 3
const FIXED_BYTES = CODE_SECRET_BYTES + FINGERPRINT_BYTES
/** Bytes that fill eight digits. */
const UNIT_BYTES = 5
const MAX_BYTES = 400

/**
 * Makes the code for one agent from 16 random bytes, the fingerprint of the trust root and the addresses of the hub,
 * four at most. Without one, whoever enrols has to name the hub.
 *
 * Throws: RangeError, ERR_BASE64URL.
 */
export function makeEnrolmentCode(
  secret: Uint8Array,
  rootFingerprint: string,
  hubs: readonly string[] = [],
): string {
  if (secret.length !== CODE_SECRET_BYTES) throw new RangeError('secret must be 16 bytes')
  const fingerprint = decodeBase64url(rootFingerprint)
  if (fingerprint.length !== FINGERPRINT_BYTES) throw new RangeError('not a fingerprint')
  const plain = Buffer.concat([secret, fingerprint, encodeHubs(hubs)])
  const spare = -(plain.length + CHECKSUM_BYTES) % UNIT_BYTES
  const body = Buffer.concat([plain, new Uint8Array((spare + UNIT_BYTES) % UNIT_BYTES)])
  if (body.length + CHECKSUM_BYTES > MAX_BYTES) throw new RangeError('the addresses are too long')
  return typedDigits(PREFIX, Buffer.concat([body, checksumOf(body)]))
}

/**
 * Reads a code as typed: any case, spaces or hyphens anywhere, O for 0, I and L for 1.
 *
 * Throws: ERR_CODE_FORM, ERR_CODE_CHECKSUM. Neither quotes the code.
 */
export function parseEnrolmentCode(text: string): EnrolmentCode {
  const bytes = readAnyTypedDigits(PREFIX, text, MAX_BYTES)
  if (bytes === undefined || bytes.length < FIXED_BYTES + CHECKSUM_BYTES) throw malformed()
  const body = bytes.subarray(0, -CHECKSUM_BYTES)
  if (!equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksumOf(body))) {
    throw new CodedError<EnrolmentCodeErrorCode>(
      'ERR_CODE_CHECKSUM',
      'the enrolment code has a typing error',
    )
  }
  const hubs = decodeHubs(body.subarray(FIXED_BYTES))
  if (hubs === undefined) throw malformed()
  const secret = body.subarray(0, CODE_SECRET_BYTES)
  const redeemToken = encodeBase64url(derive(secret, 'redeem'))
  return {
    redeemToken,
    redeemHash: redeemHashOf(redeemToken),
    sealKey: derive(secret, 'seal'),
    proofKey: derive(secret, 'proof'),
    rootFingerprint: encodeBase64url(body.subarray(CODE_SECRET_BYTES, FIXED_BYTES)),
    hubs,
  }
}

/** Base64url of the SHA-256 of a redeem token's bytes. Throws: ERR_BASE64URL. */
export function redeemHashOf(redeemToken: string): string {
  return encodeBase64url(sha256(decodeBase64url(redeemToken)))
}

/** The bytes an agent signs when it redeems, to prove that it holds its signing key. */
export function possessionMessage(redeemToken: string): Uint8Array {
  return new TextEncoder().encode(`sallyport enrol v1\n${redeemToken}`)
}

/**
 * What a code says of the trust root: the first 16 bytes of the SHA-256 of its signed payload, base64url.
 */
export function fingerprintOf(rootPayload: Uint8Array): string {
  return encodeBase64url(sha256(rootPayload).subarray(0, FINGERPRINT_BYTES))
}

/**
 * Ties an agent's public keys to the holder of the code: base64url, HMAC-SHA-256 under the code's proof key.
 *
 * Why: the hub never learns the proof key, so it cannot put its own keys in the agent's place.
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function codeProof(
  proofKey: Uint8Array,
  signingKey: string | Uint8Array,
  sealingKey: string | Uint8Array,
): string {
  const label = new TextEncoder().encode('sallyport code proof v1\n')
  const keys = [parseSigningPublicKey(signingKey), parseSealingPublicKey(sealingKey)]
  return encodeBase64url(hmacSha256(proofKey, Buffer.concat([label, ...keys])))
}

function derive(secret: Uint8Array, purpose: string): Uint8Array {
  return hkdfSha256(secret, `sallyport enrolment ${purpose} v1`, 32)
}

function checksumOf(body: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('sallyport enrolment code v2\n')
  return sha256(Buffer.concat([label, body])).slice(0, CHECKSUM_BYTES)
}

function malformed(): CodedError<EnrolmentCodeErrorCode> {
  return new CodedError('ERR_CODE_FORM', 'not an enrolment code: SP2 and groups of four digits')
}
