// SPDX-License-Identifier: Apache-2.0
/** Proofs of requests: the one form that is written is read, and every other is none. */
import { describe, expect, it } from '@jest/globals'
import {
  MAX_DPOP_PROOF_LENGTH,
  accessTokenHash,
  makeAccessTokenKey,
  makeDpopKey,
  readDpopProof,
  signDpopProof,
} from '@sallyport/core/crypto'
import { CompactSign, calculateJwkThumbprint } from 'jose'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

const KEY = makeDpopKey(Buffer.alloc(48, 7))
const REQUEST = {
  method: 'GET',
  url: 'https://hub.example/v1/mailbox',
  nonce: 'a-nonce',
  token: 'a.b.c',
}
const MADE = { proofId: '0123456789abcdef', nowMs: Date.UTC(2026, 0, 31, 12) }
const HEADER = { alg: 'ES256', typ: 'dpop+jwt', jwk: { ...KEY.publicJwk } }
const PAYLOAD = {
  jti: MADE.proofId,
  htm: 'GET',
  htu: REQUEST.url,
  iat: MADE.nowMs / 1_000,
  nonce: 'a-nonce',
  ath: accessTokenHash('a.b.c'),
}

/** A proof with any header and payload, validly signed by any key. */
const forge = (
  changes: { header?: object; payload?: object; text?: string } = {},
  key: KeyObject = KEY.privateKey,
) =>
  new CompactSign(Buffer.from(changes.text ?? JSON.stringify({ ...PAYLOAD, ...changes.payload })))
    .setProtectedHeader({ ...HEADER, ...changes.header })
    .sign(key)

describe('the proof of a request', () => {
  it('says what it was made for, and by which key', async () => {
    expect(readDpopProof(await signDpopProof(KEY, REQUEST, MADE))).toEqual({
      proofId: MADE.proofId,
      thumbprint: KEY.thumbprint,
      method: 'GET',
      url: REQUEST.url,
      nonce: 'a-nonce',
      tokenHash: accessTokenHash('a.b.c'),
    })
  })

  it('may have neither nonce nor token', async () => {
    const { method, url } = REQUEST
    const proof = readDpopProof(await signDpopProof(KEY, { method, url }, MADE))
    expect(proof).toMatchObject({ nonce: undefined, tokenHash: undefined })
  })

  it('is read when it was made by hand, so that the refusals below mean something', async () => {
    expect(readDpopProof(await forge())?.thumbprint).toBe(KEY.thumbprint)
  })

  it('names its key as others do', async () => {
    expect(KEY.thumbprint).toBe(await calculateJwkThumbprint({ ...KEY.publicJwk }))
  })

  it.each<[string, object]>([
    ['another type', { typ: 'JWT' }],
    ['the type of a token', { typ: 'at+jwt' }],
    ['no type', { typ: undefined }],
    ['a member we do not write', { kid: 'x' }],
    ['no key', { jwk: undefined }],
    ['a private key', { jwk: { ...KEY.publicJwk, d: Buffer.alloc(32, 1).toString('base64url') } }],
    ['a key with a use', { jwk: { ...KEY.publicJwk, use: 'sig' } }],
    ['a key on another curve', { jwk: { ...KEY.publicJwk, crv: 'P-384' } }],
    ['a point off the curve', { jwk: { ...KEY.publicJwk, y: KEY.publicJwk.x } }],
  ])('is none with a header that has %s', async (_, header) => {
    expect(readDpopProof(await forge({ header }))).toBeUndefined()
  })

  it.each<[string, object]>([
    ['no id', { jti: undefined }],
    ['an id that can be guessed', { jti: 'short' }],
    ['an id without end', { jti: 'x'.repeat(65) }],
    ['no method', { htm: undefined }],
    ['no address', { htu: undefined }],
    ['no time', { iat: undefined }],
    ['a time that is none', { iat: 'now' }],
    ['a claim we do not write', { exp: 4_000_000_000 }],
    ['the hash of nothing', { ath: '' }],
  ])('is none with claims that have %s', async (_, payload) => {
    expect(readDpopProof(await forge({ payload }))).toBeUndefined()
  })

  it('is none with a claim that is named twice', async () => {
    const text = JSON.stringify(PAYLOAD).replace('{', '{"htm":"PUT",')
    expect(readDpopProof(await forge({ text }))).toBeUndefined()
  })

  it('is none without an algorithm, or with a MAC under the public key', async () => {
    const [, payload] = (await forge()).split('.')
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ ...HEADER, alg })).toString('base64url')
      expect(readDpopProof(`${header}.${payload}.`)).toBeUndefined()
    }
    const secret = createSecretKey(Buffer.from(JSON.stringify(KEY.publicJwk)))
    expect(readDpopProof(await forge({ header: { alg: 'HS256' } }, secret))).toBeUndefined()
  })

  it('is none when another key signed', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(readDpopProof(await forge({}, privateKey))).toBeUndefined()
  })

  it('is none with one character changed, one part too many or too few, or padding', async () => {
    const proof = await signDpopProof(KEY, REQUEST, MADE)
    for (let at = 0; at < proof.length; at += 7) {
      const other = proof[at] === 'A' ? 'Q' : 'A'
      expect(readDpopProof(proof.slice(0, at) + other + proof.slice(at + 1))).toBeUndefined()
    }
    const [header, payload] = proof.split('.')
    for (const text of [`${proof}.`, `${header}.${payload}`, `${proof}=`, '', '..', 'x']) {
      expect(readDpopProof(text)).toBeUndefined()
    }
  })

  it('is none when it is longer than any of ours, though its signature holds', async () => {
    const text = JSON.stringify(PAYLOAD) + ' '.repeat(MAX_DPOP_PROOF_LENGTH)
    expect(readDpopProof(await forge({ text }))).toBeUndefined()
  })

  it('is none when it is a token', async () => {
    const key = makeAccessTokenKey('ES256-1', Buffer.alloc(48, 7))
    expect(readDpopProof(await forge({ header: { typ: 'at+jwt' } }, key.signs))).toBeUndefined()
  })

  it('has a key that is made of 48 bytes and of no other number', () => {
    expect(makeDpopKey(Buffer.alloc(48, 7)).thumbprint).toBe(KEY.thumbprint)
    expect(() => makeDpopKey(Buffer.alloc(32))).toThrow(RangeError)
  })
})
