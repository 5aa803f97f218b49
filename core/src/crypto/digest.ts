// SPDX-License-Identifier: Apache-2.0
/** SHA-256 and what is built on it. */
import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto'

/** SHA-256. Source: FIPS 180-4, section 6.2. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/** SHA-256 as documents name it: `sha256:` and 64 hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash('sha256', bytes, 'hex')}`
}

/** HMAC-SHA-256. Source: RFC 2104, section 2. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(message).digest())
}

/**
 * Derives `length` bytes from a secret for the purpose that `info` names.
 *
 * Source: RFC 5869, section 2, with an empty salt.
 */
export function hkdfSha256(secret: Uint8Array, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, length))
}

/** Whether two byte strings are equal, in a time that does not depend on where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
