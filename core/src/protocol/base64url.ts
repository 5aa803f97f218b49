// SPDX-License-Identifier: Apache-2.0
/** Base64url with exactly one spelling per byte string. Source: RFC 4648, sections 3.5 and 5. */
import { CodedError } from '@sallyport/sdk'

/** Writes bytes as base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/**
 * Reads base64url without padding.
 *
 * Trust: only the text that `encodeBase64url` writes is taken, so that no second text stands for the same bytes.
 * Throws: ERR_BASE64URL.
 * Why: Node's decoder skips foreign characters and ignores the unused bits of the last one.
 */
export function decodeBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'))
  if (encodeBase64url(bytes) !== text) {
    throw new CodedError('ERR_BASE64URL', 'not canonical base64url')
  }
  return bytes
}
