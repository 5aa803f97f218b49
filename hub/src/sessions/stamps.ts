// SPDX-License-Identifier: Apache-2.0
/**
 * Stamps: 32 bytes that say when this hub made them, and that only it can make. They are the challenges of sessions and
 * the nonces of proofs; nothing of them is stored until they are used.
 */
import { equalBytes, hmacSha256 } from '@sallyport/core/crypto'
import { Bytes32, encodeBase64url } from '@sallyport/core/protocol'
import type { SessionKeys } from './session-keys.ts'

/** What a stamp is for. Neither is ever taken for the other. */
export type StampKind = 'challenge' | 'nonce'

/** What goes into a stamp and must be the same when it is read. */
export interface StampTerms {
  readonly kind: StampKind
  /** Of the memory that will know whether what comes with the stamp was used before. */
  readonly generation: string
  /** The key it was made for; empty for everybody's. */
  readonly keyId: string
}

const TIME_BYTES = 6
const SALT_BYTES = 10
const BODY_BYTES = TIME_BYTES + SALT_BYTES

/** Makes a stamp. `salt` is at least 10 bytes: random, or all the same for a stamp that many share. */
export async function makeStamp(
  keys: SessionKeys,
  terms: StampTerms,
  at: { readonly ms: number; readonly salt: Uint8Array },
): Promise<string> {
  const key = await keys.stampKey(at.ms)
  if (key === undefined) throw new RangeError('at.ms is far from now')
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUIntBE(at.ms, 0, TIME_BYTES)
  body.set(at.salt.subarray(0, SALT_BYTES), TIME_BYTES)
  return encodeBase64url(Buffer.concat([body, macOf(key, terms, body)]))
}

/** When a stamp was made, in epoch milliseconds; undefined when it was not made by this hub on these terms. */
export async function readStamp(
  keys: SessionKeys,
  terms: StampTerms,
  text: string,
): Promise<number | undefined> {
  if (!Bytes32.safeParse(text).success) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const body = bytes.subarray(0, BODY_BYTES)
  const ms = body.readUIntBE(0, TIME_BYTES)
  const key = await keys.stampKey(ms)
  if (key === undefined) return undefined
  return equalBytes(bytes.subarray(BODY_BYTES), macOf(key, terms, body)) ? ms : undefined
}

function macOf(key: Uint8Array, terms: StampTerms, body: Uint8Array): Uint8Array {
  const { kind, generation, keyId } = terms
  const label = Buffer.from(`sallyport stamp v1\n${kind}\n${generation}\n${keyId}\n`)
  return hmacSha256(key, Buffer.concat([label, body])).subarray(0, 16)
}
