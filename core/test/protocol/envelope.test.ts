// SPDX-License-Identifier: Apache-2.0
/** Envelopes: the exact form, and the exact bytes that are signed. */
import { describe, expect, it } from '@jest/globals'
import {
  MAX_SIGNATURES,
  encodeBase64url,
  encodeEnvelope,
  encodeJson,
  maxEnvelopeBytes,
  pae,
  parseEnvelope,
  parseJson,
  type Envelope,
} from '@sallyport/core/protocol'
import fc from 'fast-check'

const keyid = encodeBase64url(new Uint8Array(32).fill(1))
const sig = encodeBase64url(new Uint8Array(64).fill(2))
const FORM = { payloadType: 'a/b', payload: 'e30', signatures: [{ keyid, sig }] }
const parse = (form: unknown) => parseEnvelope(encodeJson(form), 65_536)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record({
  payloadType: fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 128 })
    .filter((type) => !type.includes(' ')),
  payload: fc.uint8Array({ maxLength: 200 }),
  signatures: fc.uniqueArray(
    fc.record({
      keyId: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeBase64url),
      signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    }),
    { minLength: 1, maxLength: MAX_SIGNATURES, selector: ({ keyId }) => keyId },
  ),
})

describe('pae', () => {
  it('is the encoding of the DSSE specification', () => {
    const payload = new TextEncoder().encode('hello world')
    expect(text(pae('http://example.com/HelloWorld', payload))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    )
  })

  it('counts bytes and keeps every payload byte', () => {
    expect(text(pae('é', new Uint8Array(0)))).toBe('DSSEv1 2 é 0 ')
    expect([...pae('a', Uint8Array.of(0, 255, 10))].slice(-3)).toEqual([0, 255, 10])
  })

  it('differs for every two pairs of type and payload', () => {
    const part = fc.string({ unit: fc.constantFrom('a', ' ', '1', '2'), maxLength: 6 })
    const pair = fc.tuple(part, part)
    fc.assert(
      fc.property(pair, pair, (left, right) => {
        const [one, other] = [left, right].map(([type, payload]) =>
          text(pae(type, new TextEncoder().encode(payload))),
        )
        expect(one === other).toBe(left[0] === right[0] && left[1] === right[1])
      }),
    )
  })
})

describe('parseEnvelope', () => {
  it('reads the three members', () => {
    expect(parse(FORM)).toEqual({
      payloadType: 'a/b',
      payload: Uint8Array.of(0x7b, 0x7d),
      signatures: [{ keyId: keyid, signature: new Uint8Array(64).fill(2) }],
    })
  })

  it('reads back what encodeEnvelope writes', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(parseEnvelope(encodeEnvelope(envelope), 65_536)).toEqual(envelope)
      }),
    )
  })

  it.each([
    ['an array', [FORM]],
    ['null', null],
    ['a fourth member', { ...FORM, alg: 'none' }],
    ['no payload type', { payload: FORM.payload, signatures: FORM.signatures }],
    ['an empty payload type', { ...FORM, payloadType: '' }],
    ['a payload type with a space', { ...FORM, payloadType: 'a b' }],
    ['a payload type beyond ASCII', { ...FORM, payloadType: 'é' }],
    ['a payload type of 129 characters', { ...FORM, payloadType: 'a'.repeat(129) }],
    ['a payload that is an object', { ...FORM, payload: {} }],
    ['a padded payload', { ...FORM, payload: 'e30=' }],
    ['a payload in the other alphabet', { ...FORM, payload: '+/+/' }],
    ['a payload with unused bits', { ...FORM, payload: 'e31' }],
    ['no signatures', { ...FORM, signatures: [] }],
    ['one signature that is not in an array', { ...FORM, signatures: { keyid, sig } }],
    ['a signature without a key id', { ...FORM, signatures: [{ sig }] }],
    ['a signature with an algorithm', { ...FORM, signatures: [{ keyid, sig, alg: 'HS256' }] }],
    ['a key id that is a path', { ...FORM, signatures: [{ keyid: '../../etc/hostname', sig }] }],
    ['a key id that is a prototype', { ...FORM, signatures: [{ keyid: '__proto__', sig }] }],
    ['a signature of 63 bytes', { ...FORM, signatures: [{ keyid, sig: sig.slice(0, 84) }] }],
    ['a signature of 65 bytes', { ...FORM, signatures: [{ keyid, sig: `${sig}A` }] }],
    ['an empty signature', { ...FORM, signatures: [{ keyid, sig: '' }] }],
    [
      'a second spelling of a signature',
      { ...FORM, signatures: [{ keyid, sig: `${sig.slice(0, 85)}h` }] },
    ],
    [
      'a key that signs twice',
      {
        ...FORM,
        signatures: [
          { keyid, sig },
          { keyid, sig },
        ],
      },
    ],
  ])('refuses %s', (_, form) => {
    expect(() => parse(form)).toThrowCode('ERR_ENVELOPE_FORM')
  })

  it('takes eight signatures and refuses nine', () => {
    const signatures = Array.from({ length: 9 }, (_, index) => ({
      keyid: encodeBase64url(new Uint8Array(32).fill(index)),
      sig,
    }))
    expect(parse({ ...FORM, signatures: signatures.slice(1) }).signatures).toHaveLength(8)
    expect(() => parse({ ...FORM, signatures })).toThrowCode('ERR_ENVELOPE_FORM')
  })

  it('passes on what strict JSON refuses', () => {
    const bytes = new TextEncoder().encode('{"payload":"e30","payload":"e31"}')
    expect(() => parseEnvelope(bytes, 999)).toThrowCode('ERR_JSON_DUPLICATE_KEY')
    expect(() => parseEnvelope(encodeJson(FORM), 20)).toThrowCode('ERR_JSON_SIZE')
  })
})

describe('encodeEnvelope', () => {
  it('writes canonical JSON', () => {
    expect(text(encodeEnvelope(parse(FORM)))).toBe(
      `{"payload":"e30","payloadType":"a/b","signatures":[{"keyid":"${keyid}","sig":"${sig}"}]}`,
    )
  })

  it('refuses to write what no reader takes', () => {
    expect(() => encodeEnvelope({ ...parse(FORM), signatures: [] })).toThrowCode(
      'ERR_ENVELOPE_FORM',
    )
  })
})

describe('maxEnvelopeBytes', () => {
  it('has room for the longest type and all signatures around the largest payload', () => {
    for (const size of [0, 1, 2, 3, 4_096, 65_536]) {
      const signatures = Array.from({ length: MAX_SIGNATURES }, (_, index) => ({
        keyId: encodeBase64url(new Uint8Array(32).fill(index)),
        signature: new Uint8Array(64),
      }))
      const envelope = { payloadType: 'a'.repeat(128), payload: new Uint8Array(size), signatures }
      const bytes = encodeEnvelope(envelope)
      expect(bytes.length).toBeLessThanOrEqual(maxEnvelopeBytes(size))
      expect(parseJson(bytes, maxEnvelopeBytes(size))).toBeDefined()
    }
  })
})
