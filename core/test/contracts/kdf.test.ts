// SPDX-License-Identifier: Apache-2.0
/** HKDF, HMAC and scrypt held against published vectors. */
import { describe, expect, it } from '@jest/globals'
import { equalBytes, hkdfSha256, hmacSha256 } from '@sallyport/core/crypto'
import { scryptKey } from '../../src/crypto/scrypt.ts'
import { fromHex, hasContracts, readContract, readWycheproof } from './contracts.ts'
import { HKDF_SHA256, HMAC_SHA256, SCRYPT } from './published-vectors.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const utf8 = (text: string) => new TextEncoder().encode(text)

it('derives and authenticates as RFC 5869, RFC 4231 and RFC 7914 do', () => {
  const { secret, info, output } = HKDF_SHA256
  expect(hex(hkdfSha256(fromHex(secret), info, output.length / 2))).toBe(output)
  for (const { key, message, tag } of HMAC_SHA256) {
    expect(hex(hmacSha256(fromHex(key), fromHex(message)))).toBe(tag)
  }
  for (const { password, salt, cost, key } of SCRYPT) {
    expect(hex(scryptKey(utf8(password), utf8(salt), cost))).toBe(key)
  }
})

if (hasContracts) {
  describe('Wycheproof hkdf_sha256', () => {
    interface Case {
      ikm: string
      salt: string
      info: string
      size: number
      okm: string
    }
    // Ours takes no salt, and names purposes in text.
    const cases = readWycheproof<object, Case>('hkdf_sha256_test').filter(
      ({ salt, info }) =>
        salt === '' && hex(utf8(Buffer.from(info, 'hex').toString('utf8'))) === info,
    )

    it(`derives what each of the ${cases.length} tests in our form says`, () => {
      expect(cases.length).toBeGreaterThanOrEqual(5)
      for (const { ikm, info, size, okm, result } of cases) {
        const derive = () =>
          hkdfSha256(fromHex(ikm), Buffer.from(info, 'hex').toString('utf8'), size)
        if (result === 'valid') expect(hex(derive())).toBe(okm)
        else expect(derive).toThrow()
      }
    })
  })

  describe('Wycheproof hmac_sha256', () => {
    interface Case {
      key: string
      msg: string
      tag: string
    }
    const cases = readWycheproof<{ tagSize: number }, Case>('hmac_sha256_test')

    it(`agrees with all ${cases.length} tests`, () => {
      for (const { tcId, key, msg, tag, tagSize, result } of cases) {
        const full = hmacSha256(fromHex(key), fromHex(msg))
        const isEqual = equalBytes(full.subarray(0, tagSize / 8), fromHex(tag))
        expect([tcId, isEqual]).toEqual([tcId, result === 'valid'])
      }
    })
  })

  describe('RFC 7914', () => {
    interface Vector {
      password: string
      salt: string
      N: number
      r: number
      p: number
      hex: string
    }

    it('derives the examples that need no gigabyte, the restated ones among them', () => {
      const { vectors } = readContract<{ vectors: Vector[] }>('kdf/rfc7914-scrypt.json')
      const small = vectors.filter(({ N }) => N <= 131_072)
      const stated = small.map(({ password, salt, N: n, r, p, hex: key }) => ({
        password,
        salt,
        cost: { n, r, p },
        key: key.slice(0, 64),
      }))
      expect(stated).toEqual(SCRYPT)
      for (const { password, salt, cost, key } of stated) {
        expect(hex(scryptKey(utf8(password), utf8(salt), cost))).toBe(key)
      }
    })
  })
}
