// SPDX-License-Identifier: Apache-2.0
/** Base64url: one text for each byte string and no other. */
import { describe, expect, it } from '@jest/globals'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import fc from 'fast-check'

describe('base64url', () => {
  it('gives back every byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeBase64url(encodeBase64url(bytes))).toEqual(bytes)
      }),
    )
  })

  it('writes a window of a larger buffer, not the whole', () => {
    expect(encodeBase64url(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe('AgM')
  })

  it('uses the alphabet of URLs and no padding', () => {
    expect(encodeBase64url(Uint8Array.of(0xfb, 0xff, 0xfe, 0xff))).toBe('-__-_w')
  })

  it.each([
    ['padding', 'AQ=='],
    ['the other alphabet', '+//+'],
    ['a space', 'AQ ID'],
    ['a line break', 'AQID\n'],
    ['a junk character', 'AQ!ID'],
    ['unused bits', 'AR'],
    ['a single character', 'A'],
    ['a NUL', 'AQ\0'],
    ['letters of another alphabet', 'ＡＱ'],
  ])('refuses %s', (_, text) => {
    expect(() => decodeBase64url(text)).toThrowCode('ERR_BASE64URL')
  })

  it('takes exactly one of all texts of a length for each byte string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ABgw_-=+/ '), maxLength: 6 }), (text) => {
        let bytes: Uint8Array
        try {
          bytes = decodeBase64url(text)
        } catch {
          return
        }
        expect(encodeBase64url(bytes)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })
})
