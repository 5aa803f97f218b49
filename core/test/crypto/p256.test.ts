// SPDX-License-Identifier: Apache-2.0
/** Key pairs on P-256; @noble/curves is the second opinion. */
import { describe, expect, it } from '@jest/globals'
import { p256 } from '@noble/curves/nist.js'
import { createHash } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../../src/protocol/base64url.ts'
import { makeP256Jwk, P256_SEED_BYTES, thumbprintOf } from '../../src/crypto/p256.ts'

const seeds = Array.from(
  { length: 40 },
  (_, index) => new Uint8Array(createHash('sha384').update(`seed ${index}`).digest()),
)

describe('a pair on P-256', () => {
  it('has the public half that its secret stands for', () => {
    for (const seed of seeds) {
      const { d, x, y, ...rest } = makeP256Jwk(seed)
      const point = p256.getPublicKey(decodeBase64url(d), false)
      expect([x, y]).toEqual([point.subarray(1, 33), point.subarray(33)].map(encodeBase64url))
      expect(rest).toEqual({ crv: 'P-256', kty: 'EC' })
    }
  })

  it('is another for each seed, and the same for the same', () => {
    const secrets = seeds.map((seed) => makeP256Jwk(seed).d)
    expect(new Set(secrets).size).toBe(seeds.length)
    expect(secrets).toEqual(seeds.map((seed) => makeP256Jwk(seed).d))
  })

  it.each([0, 32, P256_SEED_BYTES - 1, P256_SEED_BYTES + 1])(
    'takes no seed of %i bytes',
    (length) => {
      expect(() => makeP256Jwk(new Uint8Array(length))).toThrow(RangeError)
    },
  )
})

// Source of the form: RFC 7638, section 3.2.
describe('a thumbprint', () => {
  it('is the digest of the four members in their order', () => {
    const key = { y: 'YQ', x: 'eA', kty: 'EC', crv: 'P-256' } as const
    const text = '{"crv":"P-256","kty":"EC","x":"eA","y":"YQ"}'
    const digest = createHash('sha256').update(text).digest('base64url')
    expect(thumbprintOf(key)).toBe(digest)
  })
})
