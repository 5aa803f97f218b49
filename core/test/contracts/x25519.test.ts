// SPDX-License-Identifier: Apache-2.0
/** X25519 held against published vectors: which keys are taken as readers, and what is agreed with those. */
import { describe, expect, it } from '@jest/globals'
import { makeSealingKey, parseSealingPublicKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { createPublicKey, diffieHellman } from 'node:crypto'
import { parseSealed } from '../../src/crypto/sealed-form.ts'
import { fromHex, hasContracts, readWycheproof } from './contracts.ts'
import { X25519 } from './published-vectors.ts'

interface Case {
  public: string
  private: string
  shared: string
}
interface Jwk {
  kty?: string
  crv?: string
  x?: string
  d?: string
}
interface JwkCase {
  public: Jwk
  private: Jwk
  shared: string
}

/** What two sides agree on, through the key object that `open` uses. */
function agree(privateKey: Uint8Array, publicKey: Uint8Array): string {
  const jwk = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) }
  const shared = diffieHellman({
    privateKey: makeSealingKey(privateKey).privateKey,
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
  })
  return shared.toString('hex')
}

/** The code under which a public key is refused, or `taken`. */
function fateOf(publicKey: Uint8Array): string {
  try {
    parseSealingPublicKey(publicKey)
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** What a test's key and flags say of it. */
function expectedFate(publicKey: Uint8Array, flags: string[] = []): string {
  const u = BigInt(`0x${Buffer.from(publicKey).reverse().toString('hex')}`)
  if (u >= 2n ** 255n - 19n) return 'ERR_KEY_FORM'
  if (flags.includes('LowOrderPublic')) return 'ERR_KEY_WEAK'
  return flags.includes('Twist') ? 'ERR_KEY_FORM' : 'taken'
}

it('agrees as the example of RFC 7748 does', () => {
  const { alicePrivate, alicePublic, bobPrivate, bobPublic, shared } = X25519
  expect(makeSealingKey(fromHex(alicePrivate)).publicKey).toEqual(fromHex(alicePublic))
  expect(makeSealingKey(fromHex(bobPrivate)).publicKey).toEqual(fromHex(bobPublic))
  expect(agree(fromHex(alicePrivate), parseSealingPublicKey(fromHex(bobPublic)))).toBe(shared)
  expect(agree(fromHex(bobPrivate), parseSealingPublicKey(fromHex(alicePublic)))).toBe(shared)
})

if (hasContracts) {
  describe('Wycheproof x25519', () => {
    const cases = readWycheproof<object, Case>('x25519_test')

    it(`takes or refuses the public key of each of ${cases.length} tests, and agrees where it takes it`, () => {
      let takenCount = 0
      for (const { tcId, flags, shared, ...keys } of cases) {
        const publicKey = fromHex(keys.public)
        const fate = fateOf(publicKey)
        expect([tcId, fate]).toEqual([tcId, expectedFate(publicKey, flags)])
        if (fate !== 'taken') continue
        takenCount += 1
        expect([tcId, agree(fromHex(keys.private), publicKey)]).toEqual([tcId, shared])
      }
      expect(takenCount).toBeGreaterThan(200)
    })

    it('contains the restated example', () => {
      const { alicePrivate, bobPublic, shared } = X25519
      const stated = { private: alicePrivate, public: bobPublic, shared }
      expect(cases).toContainEqual(expect.objectContaining(stated))
    })
  })

  describe('Wycheproof x25519 as JSON web keys', () => {
    const reader = makeSealingKey(new Uint8Array(32).fill(1))
    const sealedWith = (epk: unknown) =>
      JSON.stringify({
        protected: encodeBase64url(Buffer.from('{"alg":"ECDH-ES+A256KW","enc":"A256GCM"}')),
        iv: 'A'.repeat(16),
        ciphertext: '',
        tag: 'A'.repeat(22),
        recipients: [{ encrypted_key: 'A'.repeat(54), header: { kid: reader.keyId, epk } }],
      })

    it.each(readWycheproof<object, JwkCase>('x25519_jwk_test'))(
      'ephemeral key of test $tcId: $comment $flags',
      ({ flags = [], ...keys }) => {
        const { kty, crv, x } = keys.public
        const isTaken =
          !flags.includes('InvalidPublic') &&
          expectedFate(Buffer.from(x ?? '', 'base64url'), flags) === 'taken'
        const parse = () => parseSealed(sealedWith(keys.public), 4_096)
        // The form has no further members: with its key id every one of these keys is refused.
        expect(parse).toThrowCode('ERR_SEALED_FORM')
        const bare = () => parseSealed(sealedWith({ kty, crv, x }), 4_096)
        if (isTaken) expect(bare().recipients[0]!.header.epk).toEqual({ kty, crv, x })
        else expect(bare).toThrowCode('ERR_SEALED_FORM')
        if (isTaken) expect(decodeBase64url(x!)).toHaveLength(32)
      },
    )
  })
}
