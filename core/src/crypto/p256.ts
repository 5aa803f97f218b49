// SPDX-License-Identifier: Apache-2.0
/** Key pairs on the curve P-256, as JWK. */
import { p256 } from '@noble/curves/nist.js'
import { createECDH } from 'node:crypto'
import { encodeBase64url } from '../protocol/base64url.ts'
import { sha256 } from './digest.ts'

/** Bytes of the seed of a pair: 16 more than the key, so that reduction shows no bias. */
export const P256_SEED_BYTES = 48

/** The public half. Source: RFC 7518, section 6.2.1. */
export interface P256PublicJwk {
  readonly crv: 'P-256'
  readonly kty: 'EC'
  readonly x: string
  readonly y: string
}

/** Makes a pair from 48 random bytes. Throws: RangeError. */
export function makeP256Jwk(seed: Uint8Array): P256PublicJwk & { readonly d: string } {
  if (seed.length !== P256_SEED_BYTES) throw new RangeError('seed must be 48 bytes')
  const secret = p256.utils.randomSecretKey(seed)
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(secret)
  const point = pair.getPublicKey()
  return {
    crv: 'P-256',
    kty: 'EC',
    d: encodeBase64url(secret),
    x: encodeBase64url(point.subarray(1, 33)),
    y: encodeBase64url(point.subarray(33)),
  }
}

/** The thumbprint of a public key, base64url. Source: RFC 7638, sections 3.1 and 3.2. */
export function thumbprintOf({ crv, kty, x, y }: P256PublicJwk): string {
  const text = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`
  return encodeBase64url(sha256(new TextEncoder().encode(text)))
}
