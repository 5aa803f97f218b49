// SPDX-License-Identifier: Apache-2.0
/** Enrolment codes: typed as people type, exact in what they hold. */
import { describe, expect, it } from '@jest/globals'
import {
  codeProof,
  fingerprintOf,
  hkdfSha256,
  hmacSha256,
  makeEnrolmentCode,
  makeSealingKey,
  makeSigningKey,
  parseEnrolmentCode,
  possessionMessage,
  redeemHashOf,
  sha256,
  typedDigits,
} from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import fc from 'fast-check'
import { smallOrderCoordinates, smallOrderPoints } from './weak-keys.ts'

const payload = new TextEncoder().encode('a trust root')
const root = fingerprintOf(payload)
const secret = new Uint8Array(16).fill(5)
const code = makeEnrolmentCode(secret, root)
const hmac = (label: string, ...parts: Uint8Array[]) =>
  Buffer.concat([Buffer.from(label), ...parts])

describe('enrolment codes', () => {
  it('are SP2 and fourteen groups of four digits, and four more with an address', () => {
    expect(code).toMatch(/^SP2(-[0-9A-HJKMNP-TV-Z]{4}){14}$/)
    const near = makeEnrolmentCode(secret, root, ['http://127.0.0.1:8420'])
    expect(near).toMatch(/^SP2(-[0-9A-HJKMNP-TV-Z]{4}){18}$/)
  })

  it('give the same values on both sides for every secret', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const parsed = parseEnrolmentCode(makeEnrolmentCode(bytes, root))
        const token = hkdfSha256(bytes, 'sallyport enrolment redeem v1', 32)
        expect(parsed).toEqual({
          redeemToken: encodeBase64url(token),
          redeemHash: encodeBase64url(sha256(token)),
          sealKey: hkdfSha256(bytes, 'sallyport enrolment seal v1', 32),
          proofKey: hkdfSha256(bytes, 'sallyport enrolment proof v1', 32),
          rootFingerprint: encodeBase64url(sha256(payload).subarray(0, 16)),
          hubs: [],
        })
      }),
      { numRuns: 30 },
    )
  })

  it('keep the secrets of the two sides from the hub', () => {
    const { redeemToken, redeemHash, sealKey, proofKey } = parseEnrolmentCode(code)
    const all = [redeemToken, redeemHash, encodeBase64url(sealKey), encodeBase64url(proofKey)]
    expect(new Set(all).size).toBe(4)
    expect(redeemHash).toBe(redeemHashOf(redeemToken))
  })

  it('are read in any case, with spaces and hyphens anywhere, and with O, I and L for digits', () => {
    const confused = makeEnrolmentCode(Buffer.from('0842108421'.repeat(3) + '00', 'hex'), root)
    expect(confused.slice(4)).toMatch(/0.*1|1.*0/)
    const typed = [
      confused.toLowerCase(),
      ` ${confused.replaceAll('-', ' ')}\n`,
      confused.replaceAll('-', ''),
      confused.slice(0, 4) + confused.slice(4).replaceAll('0', 'O').replaceAll('1', 'l'),
      confused.slice(0, 4) + confused.slice(4).replaceAll('0', 'o').replaceAll('1', 'I'),
    ]
    for (const text of typed) expect(parseEnrolmentCode(text)).toEqual(parseEnrolmentCode(confused))
  })

  it('are refused with any single digit mistyped, and with two neighbours swapped', () => {
    const digits = code.slice(4)
    for (let at = 0; at < digits.length; at += 1) {
      if (digits[at] === '-') continue
      const other = digits[at] === 'Z' ? 'Y' : 'Z'
      const mistyped = digits.slice(0, at) + other + digits.slice(at + 1)
      expect(() => parseEnrolmentCode(`SP2-${mistyped}`)).toThrowCode('ERR_CODE_CHECKSUM')
      const swapped =
        digits.slice(0, at) + (digits[at + 1] ?? '') + digits[at]! + digits.slice(at + 2)
      if (swapped.replaceAll('-', '') === digits.replaceAll('-', '')) continue
      expect(() => parseEnrolmentCode(`SP2-${swapped}`)).toThrowCode('ERR_CODE_CHECKSUM')
    }
  })

  it.each([
    ['nothing', ''],
    ['another version', code.replace('SP2', 'SP1')],
    ['no version', code.slice(4)],
    ['a version and nothing', 'SP2'],
    ['too few groups', code.slice(0, -10)],
    ['a digit too few', code.slice(0, -1)],
    ['a digit too many', `${code}0`],
    ['a U', code.replace(/.$/, 'U')],
    ['punctuation', code.replaceAll('-', '.')],
    ['digits of another alphabet', code.replace(/.$/, '１')],
    ['a letter that only looks like S', code.replace('S', 'ſ')],
    ['a NUL', `${code}\0`],
    ['a megabyte of spaces', code + ' '.repeat(1_000_000)],
  ])('are refused with %s', (_, text) => {
    expect(() => parseEnrolmentCode(text)).toThrowCode('ERR_CODE_FORM')
  })

  it('are not quoted in errors', () => {
    for (const text of [`${code}0`, code.replace(/.$/, (digit) => (digit === 'Z' ? 'Y' : 'Z'))]) {
      expect(() => parseEnrolmentCode(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(code.slice(4, 8)) }),
      )
    }
  })

  it('are made from 16 bytes and a fingerprint', () => {
    expect(() => makeEnrolmentCode(new Uint8Array(10), root)).toThrow(RangeError)
    expect(() => makeEnrolmentCode(secret, 'AAAA')).toThrow(RangeError)
  })
})

describe('addresses of a hub in a code', () => {
  const hubsOf = (...hubs: string[]) =>
    parseEnrolmentCode(makeEnrolmentCode(secret, root, hubs)).hubs

  it.each([
    'http://127.0.0.1:8420',
    'https://hub.example',
    'https://hub.example:8440',
    'https://hub.example/sallyport',
    'https://hub.example:8440/a/path/of%20it',
    'https://192.0.2.7',
    'https://[2001:db8::7]:8440',
    'https://[::1]',
    'https://[1::]',
    'https://[1:2:3:4:5:6:7:8]',
    'https://a',
    'https://ab',
    'https://an_odd-name.0.example',
    `https://${'long-label.'.repeat(20)}example:65535`,
    'https://xn--bcher-kva.example',
  ])('come back as they were: %s', (hub) => {
    expect(hubsOf(hub)).toEqual([hub])
  })

  it('come back in their order, four at most', () => {
    const hubs = [
      'https://a.example',
      'https://192.0.2.7:1',
      'http://[::1]:2',
      'https://b.example/p',
    ]
    expect(hubsOf(...hubs)).toEqual(hubs)
    expect(() => makeEnrolmentCode(secret, root, [...hubs, 'https://c.example'])).toThrow(
      RangeError,
    )
  })

  it('come back for every address that there is', () => {
    const name = fc.domain().map((domain) => `https://${domain.toLowerCase()}`)
    const spelled = fc.oneof(name, fc.webUrl({ validSchemes: ['http', 'https'] }))
    fc.assert(
      fc.property(spelled, fc.integer({ min: 1, max: 65_535 }), (text, port) => {
        const url = new URL(text)
        url.port = String(port)
        const hub = url.origin + url.pathname.replace(/\/+$/, '')
        fc.pre(url.pathname.length <= 100)
        expect(hubsOf(hub)).toEqual([hub])
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    '',
    'hub.example',
    'ftp://hub.example',
    'https://a!b.example',
    `https://a/${'p'.repeat(300)}`,
  ])('are not made of %j', (hub) => {
    expect(() => makeEnrolmentCode(secret, root, [hub])).toThrow(RangeError)
  })

  // Bytes behind secret and fingerprint, under a checksum that is right.
  it.each([
    ['an unknown bit', [0x23, 1, 0x05, 0x40]],
    ['no kind of host', [0x08, 1, 1, 0, 0, 0, 0]],
    ['an address that ends too soon', [0x02, 127]],
    ['a port that goes without saying', [0x09, 127, 0, 0, 1, 1, 187]],
    ['a path of nothing', [0x11, 127, 0, 0, 1, 0, 0]],
    ['a name with a gap in it', [0x03, 3, 0, 1]],
    ['letters beyond the last', [0x03, 3, 255, 255]],
    ['an address behind the end', [0, 0, 0x01, 127, 0, 0, 1]],
    ['more zeros than fill a group', [0, 0, 0, 0, 0, 0, 0]],
    ['five addresses', [1, 1, 1, 1, 1].flatMap((each) => [each, 127, 0, 0, 1]).concat(0, 0)],
  ])('are refused with %s', (_, bytes) => {
    const spare = (5 - ((bytes.length + 35) % 5)) % 5
    const body = Buffer.concat([
      secret,
      decodeBase64url(root),
      Uint8Array.from(bytes),
      new Uint8Array(spare),
    ])
    const check = sha256(Buffer.concat([Buffer.from('sallyport enrolment code v2\n'), body]))
    const text = typedDigits('SP2', Buffer.concat([body, check.subarray(0, 3)]))
    expect(() => parseEnrolmentCode(text)).toThrowCode('ERR_CODE_FORM')
  })
})

describe('fingerprintOf', () => {
  it('is the first half of a SHA-256', () => {
    expect(decodeBase64url(fingerprintOf(payload))).toEqual(sha256(payload).slice(0, 16))
  })
})

describe('possessionMessage', () => {
  it('names the purpose and the token', () => {
    expect(new TextDecoder().decode(possessionMessage('abc'))).toBe('sallyport enrol v1\nabc')
  })
})

describe('codeProof', () => {
  const { proofKey } = parseEnrolmentCode(code)
  const signing = makeSigningKey(new Uint8Array(32).fill(2)).publicKey
  const sealing = makeSealingKey(new Uint8Array(32).fill(2)).publicKey

  it('is a MAC over both keys, given as bytes or text', () => {
    const expected = hmacSha256(proofKey, hmac('sallyport code proof v1\n', signing, sealing))
    expect(codeProof(proofKey, signing, sealing)).toBe(encodeBase64url(expected))
    expect(codeProof(proofKey, encodeBase64url(signing), encodeBase64url(sealing))).toBe(
      codeProof(proofKey, signing, sealing),
    )
  })

  it('changes with either key and with the code', () => {
    const otherSigning = makeSigningKey(new Uint8Array(32).fill(3)).publicKey
    const otherSealing = makeSealingKey(new Uint8Array(32).fill(3)).publicKey
    const proofs = [
      codeProof(proofKey, signing, sealing),
      codeProof(proofKey, otherSigning, sealing),
      codeProof(proofKey, signing, otherSealing),
      codeProof(new Uint8Array(32), signing, sealing),
    ]
    expect(new Set(proofs).size).toBe(4)
  })

  it('is not made over weak keys', () => {
    expect(() => codeProof(proofKey, smallOrderPoints()[0]!, sealing)).toThrowCode('ERR_KEY_WEAK')
    expect(() => codeProof(proofKey, signing, smallOrderCoordinates()[0]!)).toThrowCode(
      'ERR_KEY_WEAK',
    )
  })
})
