// SPDX-License-Identifier: Apache-2.0
/** Ed25519 held against published vectors: RFC 8032 always, Wycheproof and the known corner cases where they are at hand. */
import { describe, expect, it } from '@jest/globals'
import { makeSigningKey, parseSigningPublicKey, verifySignature } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { fromHex, hasContracts, readContract, readWycheproof } from './contracts.ts'
import { ED25519, JWS_ED25519 } from './published-vectors.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The code under which a public key is refused, or `taken`. */
function fateOf(publicKey: Uint8Array): string {
  try {
    parseSigningPublicKey(publicKey)
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  }
}

it('signs and verifies the examples of RFC 8032 and RFC 8037', () => {
  for (const { seed, publicKey, message, signature } of ED25519) {
    const key = makeSigningKey(fromHex(seed))
    expect(hex(key.publicKey)).toBe(publicKey)
    expect(hex(key.sign(fromHex(message)))).toBe(signature)
    expect(verifySignature(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true)
  }
  const { input, signature } = JWS_ED25519
  const key = makeSigningKey(fromHex(ED25519[0].seed))
  expect(encodeBase64url(key.sign(Buffer.from(input)))).toBe(signature)
})

if (hasContracts) {
  describe('Wycheproof ed25519', () => {
    interface Group {
      publicKey: { pk: string }
    }
    const cases = readWycheproof<Group, { msg: string; sig: string }>('ed25519_test')

    it.each(cases)('test $tcId is $result: $comment $flags', ({ publicKey, msg, sig, result }) => {
      const key = fromHex(publicKey.pk)
      expect(fateOf(key)).toBe('taken')
      expect(verifySignature(key, fromHex(msg), fromHex(sig))).toBe(result === 'valid')
    })
  })

  describe('the reference signatures of the authors of Ed25519', () => {
    interface Vector {
      secretKey: string
      publicKey: string
      msg: string
      sig: string
    }
    const { vectors } = readContract<{ vectors: Vector[] }>('ed25519/ed25519-sign-input.json')

    it(`are made and taken, all ${vectors.length}`, () => {
      for (const { secretKey, publicKey, msg, sig } of vectors) {
        const key = makeSigningKey(fromHex(secretKey))
        expect(hex(key.publicKey)).toBe(publicKey)
        expect(hex(key.sign(fromHex(msg)))).toBe(sig)
        expect(verifySignature(key.publicKey, fromHex(msg), fromHex(sig))).toBe(true)
      }
    })

    it('contain the restated ones', () => {
      for (const { seed, publicKey, message, signature } of ED25519) {
        const stated = { secretKey: seed, publicKey, msg: message, sig: signature }
        expect(vectors).toContainEqual(expect.objectContaining(stated))
      }
    })
  })

  describe('corner cases on which implementations differ', () => {
    interface Zip215 {
      vk_bytes: string
      sig_bytes: string
    }
    interface EdgeCase {
      message: string
      pub_key: string
      signature: string
    }

    it('have keys of small order or second spellings, all of which are refused', () => {
      const cases = readContract<Zip215[]>('ed25519/noble-zip215.json')
      expect(cases).toHaveLength(196)
      for (const { vk_bytes, sig_bytes } of cases) {
        expect(['ERR_KEY_WEAK', 'ERR_KEY_FORM']).toContain(fateOf(fromHex(vk_bytes)))
        const message = Buffer.from('Zcash')
        expect(verifySignature(fromHex(vk_bytes), message, fromHex(sig_bytes))).toBe(false)
      }
    })

    it('are refused by their key or by their signature', () => {
      const cases = readContract<EdgeCase[]>('ed25519/noble-edge-cases.json')
      const fates = cases.map(({ message, pub_key, signature }) => {
        const key = fromHex(pub_key)
        expect(verifySignature(key, fromHex(message), fromHex(signature))).toBe(false)
        return fateOf(key)
      })
      // 0 to 2 and 8, 9: small order; 3 to 5: mixed order; 6, 7: S beyond the order; 10, 11: second spelling.
      expect(fates).toEqual([
        ...Array<string>(6).fill('ERR_KEY_WEAK'),
        ...Array<string>(2).fill('taken'),
        ...Array<string>(2).fill('ERR_KEY_WEAK'),
        ...Array<string>(2).fill('ERR_KEY_FORM'),
      ])
    })
  })

  it('the cookbook signs its Ed25519 example as restated', () => {
    interface Example {
      signing: { 'sig-input': string; sig: string }
      input: { key: { x: string } }
    }
    const cookbook = readContract<Record<string, Example>>('jose/ietf-jose-cookbook.json')
    const { signing, input } = cookbook['curve25519/jws.json']!
    expect({ input: signing['sig-input'], signature: signing.sig }).toEqual(JWS_ED25519)
    const key = decodeBase64url(input.key.x)
    expect(
      verifySignature(key, Buffer.from(signing['sig-input']), decodeBase64url(signing.sig)),
    ).toBe(true)
  })
}
