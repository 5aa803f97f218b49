// SPDX-License-Identifier: Apache-2.0
/** Public keys from outside: every bad kind is refused, every good one taken. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from '@jest/globals'
import {
  keyIdOf,
  makeSealingKey,
  makeSigningKey,
  parseSealingPublicKey,
  parseSigningPublicKey,
  sha256,
  shortKeyId,
} from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import fc from 'fast-check'
import {
  littleEndian,
  mixedOrderPoint,
  nonCanonicalPoints,
  smallOrderCoordinates,
  smallOrderPoints,
} from './weak-keys.ts'

const P = ed25519.Point.Fp.ORDER
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
const signing = makeSigningKey(new Uint8Array(32).fill(1)).publicKey
const sealing = makeSealingKey(new Uint8Array(32).fill(1)).publicKey

const wrongForms: [string, string | Uint8Array][] = [
  ['31 bytes', signing.subarray(1)],
  ['33 bytes', new Uint8Array([...signing, 0])],
  ['no bytes', new Uint8Array(0)],
  ['a P-256 key', new Uint8Array(65).fill(4)],
  ['hexadecimal', Buffer.from(signing).toString('hex')],
  ['padded base64', `${encodeBase64url(signing)}=`],
  ['base64 with a space', ` ${encodeBase64url(signing)}`],
  ['a prototype', '__proto__'],
  ['a path', '../../etc/hostname'],
]

describe('parseSigningPublicKey', () => {
  it('takes the key of every seed, as bytes and as text', () => {
    fc.assert(
      fc.property(seed, (bytes) => {
        const key = makeSigningKey(bytes).publicKey
        expect(parseSigningPublicKey(key)).toEqual(key)
        expect(parseSigningPublicKey(encodeBase64url(key))).toEqual(key)
      }),
      { numRuns: 20 },
    )
  })

  it('returns a copy, so that the caller cannot change what was checked', () => {
    const key = Uint8Array.from(signing)
    const parsed = parseSigningPublicKey(key)
    key.fill(0)
    expect(parsed).toEqual(signing)
  })

  it('refuses what was taken as a key to seal to', () => {
    expect(parseSealingPublicKey(sealing)).toEqual(sealing)
    expect(() => parseSigningPublicKey(sealing)).toThrowCode('ERR_KEY_FORM')
  })

  it.each(wrongForms)('refuses %s', (_, key) => {
    expect(() => parseSigningPublicKey(key)).toThrowCode('ERR_KEY_FORM')
  })

  it('refuses a y that no point of the curve has', () => {
    expect(() => parseSigningPublicKey(littleEndian(2n))).toThrowCode('ERR_KEY_FORM')
  })

  it('refuses the eight points of small order', () => {
    const points = smallOrderPoints()
    expect(new Set(points.map(encodeBase64url)).size).toBe(8)
    for (const point of points)
      expect(() => parseSigningPublicKey(point)).toThrowCode('ERR_KEY_WEAK')
  })

  it('refuses a point of mixed order', () => {
    expect(() => parseSigningPublicKey(mixedOrderPoint())).toThrowCode('ERR_KEY_WEAK')
  })

  it('refuses every second spelling of a point', () => {
    for (const point of nonCanonicalPoints()) {
      expect(() => parseSigningPublicKey(point)).toThrowCode('ERR_KEY_FORM')
    }
  })
})

describe('parseSealingPublicKey', () => {
  it('takes the key of every seed, as bytes and as text', () => {
    fc.assert(
      fc.property(seed, (bytes) => {
        const key = makeSealingKey(bytes).publicKey
        expect(parseSealingPublicKey(key)).toEqual(key)
        expect(parseSealingPublicKey(encodeBase64url(key))).toEqual(key)
      }),
      { numRuns: 20 },
    )
  })

  it.each(wrongForms)('refuses %s', (_, key) => {
    expect(() => parseSealingPublicKey(key)).toThrowCode('ERR_KEY_FORM')
  })

  it('refuses every key whose agreement gives zero', () => {
    const points = smallOrderCoordinates()
    expect(points).toHaveLength(5)
    for (const point of points) {
      expect(() => x25519.scalarMult(new Uint8Array(32).fill(7), point)).toThrow()
      expect(() => parseSealingPublicKey(point)).toThrowCode('ERR_KEY_WEAK')
    }
  })

  it('refuses coordinates at or above the prime, whatever the highest bit', () => {
    const high = 1n << 255n
    for (const u of [P, P + 1n, P + 9n, high - 1n, high, high + 9n]) {
      expect(() => parseSealingPublicKey(littleEndian(u))).toThrowCode('ERR_KEY_FORM')
    }
    expect(parseSealingPublicKey(littleEndian(9n))).toHaveLength(32)
  })

  it('refuses a point of the twist', () => {
    expect(() => parseSealingPublicKey(littleEndian(2n))).toThrowCode('ERR_KEY_FORM')
  })
})

describe('key ids', () => {
  it('are the SHA-256 of the raw key', () => {
    expect(keyIdOf(sealing)).toBe(encodeBase64url(sha256(sealing)))
  })

  it('are shown to people by their first eight characters', () => {
    expect(shortKeyId(keyIdOf(sealing))).toMatch(/^SHA256:[A-Za-z0-9_-]{8}$/)
    expect(keyIdOf(sealing).startsWith(shortKeyId(keyIdOf(sealing)).slice(7))).toBe(true)
  })
})
