// SPDX-License-Identifier: Apache-2.0
/** Digests, MACs and derived keys against published values. */
import { describe, expect, it } from '@jest/globals'
import { digestOf, equalBytes, hkdfSha256, hmacSha256, sha256 } from '@sallyport/core/crypto'

const utf8 = (text: string) => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('digests', () => {
  it('are SHA-256 (FIPS 180-4 example "abc")', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(hex(sha256(utf8('abc')))).toBe(abc)
    expect(digestOf(utf8('abc'))).toBe(`sha256:${abc}`)
  })

  it('cover a window of a larger buffer, not the whole', () => {
    expect(sha256(utf8('xabcx').subarray(1, 4))).toEqual(sha256(utf8('abc')))
    expect(digestOf(utf8('xabcx').subarray(1, 4))).toBe(digestOf(utf8('abc')))
  })
})

describe('hmacSha256', () => {
  it('gives the value of RFC 4231, test case 2', () => {
    expect(hex(hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})

describe('hkdfSha256', () => {
  it('gives the value of RFC 5869, test case 3', () => {
    expect(hex(hkdfSha256(new Uint8Array(22).fill(0x0b), '', 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  it('gives unrelated keys for different purposes', () => {
    const secret = new Uint8Array(16)
    expect(hkdfSha256(secret, 'a', 32)).not.toEqual(hkdfSha256(secret, 'b', 32))
  })
})

describe('equalBytes', () => {
  it('compares every byte and the length', () => {
    expect(equalBytes(utf8('abc'), utf8('abc'))).toBe(true)
    expect(equalBytes(utf8('abc'), utf8('abd'))).toBe(false)
    expect(equalBytes(utf8('abc'), utf8('ab'))).toBe(false)
    expect(equalBytes(utf8(''), utf8(''))).toBe(true)
  })
})
