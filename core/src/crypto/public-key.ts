// SPDX-License-Identifier: Apache-2.0
/** Public keys from outside: checked on the curve before anything is done with them. */
import { FpIsSquare } from '@noble/curves/abstract/modular.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { CodedError } from '@sallyport/sdk'
import { decodeBase64url, encodeBase64url } from '../protocol/base64url.ts'
import { sha256 } from './digest.ts'

/** Codes of a key that is refused. */
export type KeyErrorCode = 'ERR_KEY_FORM' | 'ERR_KEY_WEAK'

/** Size of every raw key. Units: bytes. */
export const KEY_BYTES = 32

/** Coefficient A of Curve25519. Source: RFC 7748, section 4.1. */
const MONTGOMERY_A = 486_662n
const field = ed25519.Point.Fp

/** Every canonical u-coordinate whose point has order 1, 2, 4 or 8, on the curve or its twist. */
const SMALL_ORDER_U: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  field.ORDER - 1n,
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
])

const MAX_PASSED_KEYS = 512
const passedSigningKeys = new Set<string>()
const passedSealingKeys = new Set<string>()

/**
 * Reads an Ed25519 public key, as bytes or base64url.
 *
 * Trust: a key that passes is a canonical point of the prime-order group, so that a signature under it binds its signer.
 * Throws: ERR_KEY_FORM (size, spelling, not on the curve, not canonical), ERR_KEY_WEAK (small or mixed order).
 * Source: RFC 8032, section 5.1.3.
 */
export function parseSigningPublicKey(key: string | Uint8Array): Uint8Array {
  return checkOnce(rawKey(key), passedSigningKeys, (bytes) => {
    const point = decodePoint(bytes)
    if (!point.isTorsionFree() || point.isSmallOrder()) throw weak('Ed25519')
  })
}

/**
 * Reads an X25519 public key, as bytes or base64url.
 *
 * Trust: a key that passes is canonical, on the curve and not of small order, so that agreement with it is secret.
 * Throws: ERR_KEY_FORM (size, spelling, not canonical, on the twist), ERR_KEY_WEAK (small order).
 * Source: RFC 7748, sections 5 and 6.1.
 */
export function parseSealingPublicKey(key: string | Uint8Array): Uint8Array {
  return checkOnce(rawKey(key), passedSealingKeys, (bytes) => {
    const u = littleEndian(bytes)
    if (u >= field.ORDER) throw malformed('not canonical')
    if (SMALL_ORDER_U.has(u)) throw weak('X25519')
    if (!isOnCurve(u)) throw malformed('not on the curve')
  })
}

/** The id of a key: base64url of the SHA-256 of its raw public bytes. */
export function keyIdOf(publicKey: Uint8Array): string {
  return encodeBase64url(sha256(publicKey))
}

/** A key id as people compare it. */
export function shortKeyId(keyId: string): string {
  return `SHA256:${keyId.slice(0, 8)}`
}

/** Why: to check a key costs much more than to use it, and the answer depends on these bytes alone. */
function checkOnce(
  bytes: Uint8Array,
  passed: Set<string>,
  check: (bytes: Uint8Array) => void,
): Uint8Array {
  const text = encodeBase64url(bytes)
  if (passed.has(text)) return bytes
  check(bytes)
  if (passed.size === MAX_PASSED_KEYS) passed.clear()
  passed.add(text)
  return bytes
}

function rawKey(key: string | Uint8Array): Uint8Array {
  const bytes = typeof key === 'string' ? decodeKey(key) : Uint8Array.from(key)
  if (bytes.length !== KEY_BYTES) throw malformed('not 32 bytes')
  return bytes
}

function decodeKey(text: string): Uint8Array {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw malformed('not base64url', cause)
  }
}

function decodePoint(bytes: Uint8Array): InstanceType<typeof ed25519.Point> {
  try {
    return ed25519.Point.fromBytes(bytes)
  } catch (cause) {
    throw malformed('not a canonical point of the curve', cause)
  }
}

/** Whether u³ + Au² + u is a square. Source: RFC 7748, section 4.1. */
function isOnCurve(u: bigint): boolean {
  return FpIsSquare(field, field.create(u * (u * (u + MONTGOMERY_A) + 1n)))
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function malformed(why: string, cause?: unknown): CodedError<KeyErrorCode> {
  return new CodedError('ERR_KEY_FORM', `not a public key: ${why}`, { details: { why }, cause })
}

function weak(algorithm: string): CodedError<KeyErrorCode> {
  return new CodedError('ERR_KEY_WEAK', `an ${algorithm} key that binds nobody`, {
    details: { algorithm },
  })
}
