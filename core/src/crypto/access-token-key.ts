// SPDX-License-Identifier: Apache-2.0
/** Keys of one hub for its access tokens: ES256, or HS512 where whoever runs the hub asked for it. */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { P256_SEED_BYTES, makeP256Jwk } from './p256.ts'

/** Algorithms of tokens. A key has one of them for ever; no token chooses. */
export type AccessTokenAlgorithm = 'ES256' | 'HS512'

/** A hub's key for its tokens. */
export interface AccessTokenKey {
  readonly keyId: string
  readonly algorithm: AccessTokenAlgorithm
  readonly signs: KeyObject
  readonly verifies: KeyObject
}

/** Random bytes that a token key is made of. */
export const ACCESS_TOKEN_SEED_BYTES: Readonly<Record<AccessTokenAlgorithm, number>> = {
  ES256: P256_SEED_BYTES,
  /** As long as the hash. Source: RFC 7518, section 3.2. */
  HS512: 64,
}

/**
 * Makes a token key from random bytes.
 *
 * Trust: whoever can verify a token of HS512 can also make one; with ES256 that is the hub alone.
 * Throws: RangeError when there are not as many bytes as the algorithm takes.
 */
export function makeAccessTokenKey(
  keyId: string,
  seed: Uint8Array,
  algorithm: AccessTokenAlgorithm = 'ES256',
): AccessTokenKey {
  const size = ACCESS_TOKEN_SEED_BYTES[algorithm]
  if (seed.length !== size) throw new RangeError(`seed must be ${size} bytes`)
  if (algorithm === 'HS512') {
    const secret = createSecretKey(seed)
    return { keyId, algorithm, signs: secret, verifies: secret }
  }
  const signs = createPrivateKey({ key: { ...makeP256Jwk(seed) }, format: 'jwk' })
  return { keyId, algorithm, signs, verifies: createPublicKey(signs) }
}
