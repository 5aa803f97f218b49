// SPDX-License-Identifier: Apache-2.0
/** Key pairs and signatures; @noble/curves is the second opinion. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from '@jest/globals'
import {
  keyIdOf,
  makeIdentity,
  makeSealingKey,
  makeSigningKey,
  publicIdentity,
  verifySignature,
} from '@sallyport/core/crypto'
import { PublicIdentity, encodeBase64url } from '@sallyport/core/protocol'
import fc from 'fast-check'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { littleEndian, mixedOrderPoint, nonCanonicalPoints, smallOrderPoints } from './weak-keys.ts'

const seed = new Uint8Array(32).fill(7)
const key = makeSigningKey(seed)
const message = new TextEncoder().encode('open the gate')
const signature = key.sign(message)
const L = ed25519.Point.Fn.ORDER

/** A message and a signature that fit the key 5B + T: the hash is a multiple of 8, so that T, of order 8, drops out. */
function signUnderMixedOrder(): [Uint8Array, Uint8Array] {
  const r = ed25519.Point.BASE.multiply(7n).toBytes()
  for (let byte = 0; ; byte += 1) {
    const text = Uint8Array.of(byte)
    const digest = createHash('sha512').update(r).update(mixedOrderPoint()).update(text).digest()
    const k = BigInt(`0x${digest.reverse().toString('hex')}`) % L
    if (k % 8n === 0n) return [text, new Uint8Array([...r, ...littleEndian((7n + k * 5n) % L)])]
  }
}

/** The same signature with S replaced by S + L. */
function malleated(original: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(original.slice(32)).reverse().toString('hex')}`) + L
  return new Uint8Array([...original.slice(0, 32), ...littleEndian(s)])
}

describe('signing keys', () => {
  it('agree with the second implementation on key and signature', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 300 }), (someSeed, text) => {
        const some = makeSigningKey(someSeed)
        expect(some.publicKey).toEqual(ed25519.getPublicKey(someSeed))
        expect(some.keyId).toBe(keyIdOf(some.publicKey))
        expect(some.sign(text)).toEqual(ed25519.sign(text, someSeed))
        expect(verifySignature(some.publicKey, text, some.sign(text))).toBe(true)
        expect(ed25519.verify(some.sign(text), text, some.publicKey, { zip215: false })).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  it('print no private byte', () => {
    const identity = makeIdentity('ann', new Uint8Array(64).fill(7))
    const shown = inspect(identity, { depth: 9, showHidden: true }) + JSON.stringify(identity)
    expect(shown).not.toContain(encodeBase64url(seed).slice(0, 20))
    expect(shown).not.toContain('7, 7, 7, 7')
  })

  it.each([0, 31, 33, 64])('are not made from %d bytes', (length) => {
    expect(() => makeSigningKey(new Uint8Array(length))).toThrow('seed must be 32 bytes')
    expect(() => makeSealingKey(new Uint8Array(length))).toThrow('seed must be 32 bytes')
  })
})

describe('sealing keys', () => {
  it('agree with the second implementation', () => {
    expect(makeSealingKey(seed).publicKey).toEqual(x25519.getPublicKey(seed))
    expect(makeSealingKey(seed).privateKey.asymmetricKeyType).toBe('x25519')
  })
})

describe('identities', () => {
  it('sign with the first half of the seed and open with the second', () => {
    const halves = new Uint8Array([...seed, ...new Uint8Array(32).fill(8)])
    const identity = makeIdentity('ann', halves)
    expect(identity.signing.keyId).toBe(key.keyId)
    expect(identity.sealing.keyId).toBe(makeSealingKey(halves.subarray(32)).keyId)
    expect(PublicIdentity.parse(publicIdentity(identity))).toEqual({
      name: 'ann',
      signingKey: encodeBase64url(identity.signing.publicKey),
      sealingKey: encodeBase64url(identity.sealing.publicKey),
    })
    expect(() => makeIdentity('ann', seed)).toThrow('seed must be 64 bytes')
  })
})

describe('verifySignature', () => {
  it('takes a signature over the same bytes by the same key', () => {
    expect(verifySignature(key.publicKey, message, signature)).toBe(true)
  })

  it('refuses every single flipped bit of a signature', () => {
    for (let bit = 0; bit < 512; bit += 1) {
      const flipped = Uint8Array.from(signature)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(verifySignature(key.publicKey, message, flipped)).toBe(false)
    }
  })

  it('refuses every single flipped bit of a message', () => {
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      const flipped = Uint8Array.from(message)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(verifySignature(key.publicKey, flipped, signature)).toBe(false)
    }
  })

  it.each([0, 63, 65, 128])('refuses a signature of %d bytes', (length) => {
    const other = new Uint8Array(length)
    other.set(signature.subarray(0, Math.min(length, 64)))
    expect(verifySignature(key.publicKey, message, other)).toBe(false)
  })

  it('refuses S + L, which says the same in another way', () => {
    const other = malleated(signature)
    expect(other.length).toBe(64)
    expect(verifySignature(key.publicKey, message, other)).toBe(false)
  })

  it('refuses the signature of another key', () => {
    const other = makeSigningKey(new Uint8Array(32).fill(8))
    expect(verifySignature(other.publicKey, message, signature)).toBe(false)
  })

  it('refuses keys under which one signature fits every message', () => {
    const forAll = new Uint8Array(64)
    forAll[0] = 1
    for (const weak of [...smallOrderPoints(), ...nonCanonicalPoints()]) {
      expect(verifySignature(weak, message, forAll)).toBe(false)
    }
    expect(ed25519.verify(forAll, message, smallOrderPoints()[0]!)).toBe(true)
  })

  it('refuses a key of mixed order, though the library takes its signature', () => {
    const [text, valid] = signUnderMixedOrder()
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(mixedOrderPoint()) }
    expect(verify(null, text, createPublicKey({ key: jwk, format: 'jwk' }), valid)).toBe(true)
    expect(verifySignature(mixedOrderPoint(), text, valid)).toBe(false)
  })

  it('refuses keys of another size without throwing', () => {
    expect(verifySignature(key.publicKey.subarray(1), message, signature)).toBe(false)
    expect(verifySignature(new Uint8Array(0), message, signature)).toBe(false)
  })

  it('goes on verifying after more keys than it remembers', () => {
    let point = ed25519.Point.BASE
    for (let count = 0; count < 600; count += 1, point = point.add(ed25519.Point.BASE)) {
      verifySignature(point.toBytes(), message, signature)
    }
    expect(verifySignature(key.publicKey, message, signature)).toBe(true)
  })
})
