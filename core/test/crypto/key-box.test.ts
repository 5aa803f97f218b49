// SPDX-License-Identifier: Apache-2.0
/** Key files: the passphrase opens them, nothing else does, and no byte of the header can be changed. */
import { describe, expect, it } from '@jest/globals'
import {
  PASSPHRASE_COST,
  RANDOM_PASSPHRASE_COST,
  lockKeys,
  passphraseCost,
  readKeyFileIdentity,
  unlockKeys,
} from '@sallyport/core/crypto'
import { encodeJson, parseJson } from '@sallyport/core/protocol'
import { Secret } from '@sallyport/sdk'
import { identity } from '../protocol/sample-documents.ts'

interface Box {
  format: string
  identity: Record<string, unknown>
  kdf: Record<string, unknown>
  cipher: Record<string, unknown> & { text: string }
}

const seed = new Uint8Array(64).fill(7)
const passphrase = new Secret('correct horse')
const options = {
  identity,
  salt: new Uint8Array(16).fill(1),
  iv: new Uint8Array(12).fill(2),
  cost: RANDOM_PASSPHRASE_COST,
}
const file = lockKeys(seed, passphrase, options)
const box = parseJson(file, 16_384) as Box

describe('key files', () => {
  it('give back the bytes and the identity', () => {
    expect(unlockKeys(file, passphrase)).toEqual({ identity, plaintext: seed })
  })

  it('open at the cost for passphrases that people type', () => {
    const costly = lockKeys(seed, passphrase, { ...options, cost: PASSPHRASE_COST })
    expect(unlockKeys(costly, passphrase).plaintext).toEqual(seed)
  })

  it('hold neither the secret bytes nor the passphrase', () => {
    const text = new TextDecoder().decode(file)
    expect(text).not.toContain(Buffer.from(seed.subarray(0, 30)).toString('base64url'))
    expect(text).not.toContain('correct')
  })

  it('tell the identity without a passphrase', () => {
    expect(readKeyFileIdentity(file)).toEqual(identity)
  })

  it.each(['', 'Correct horse', 'correct horse '])('do not open under %j', (wrong) => {
    expect(() => unlockKeys(file, new Secret(wrong))).toThrowCode('ERR_PASSPHRASE')
  })

  it('open however the keyboard composes the letters', () => {
    const composed = lockKeys(seed, new Secret('caf\u00e9'), options)
    expect(unlockKeys(composed, new Secret('cafe\u0301')).plaintext).toEqual(seed)
  })

  it.each<[string, Partial<Box>]>([
    ['name', { identity: { ...box.identity, name: 'eve' } }],
    ['signing key', { identity: { ...box.identity, signingKey: box.identity['sealingKey'] } }],
    ['sealing key', { identity: { ...box.identity, sealingKey: box.identity['signingKey'] } }],
    ['salt', { kdf: { ...box.kdf, salt: 'A'.repeat(22) } }],
    ['cost', { kdf: { ...box.kdf, n: 32_768 } }],
    ['initialisation vector', { cipher: { ...box.cipher, iv: 'A'.repeat(16) } }],
    [
      'text',
      {
        cipher: {
          ...box.cipher,
          text: box.cipher.text.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
        },
      },
    ],
    ['tag', { cipher: { ...box.cipher, text: box.cipher.text.replace(/..$/, 'AA') } }],
  ])('do not open with another %s', (_, changed) => {
    expect(() => unlockKeys(encodeJson({ ...box, ...changed }), passphrase)).toThrowCode(
      'ERR_PASSPHRASE',
    )
  })

  it.each<[string, unknown]>([
    ['an unknown format', { ...box, format: 'sallyport-keys-2' }],
    ['an unknown member', { ...box, hint: 'horse' }],
    ['an unknown function', { ...box, kdf: { ...box.kdf, name: 'pbkdf2' } }],
    ['a cost that guessing would like', { ...box, kdf: { ...box.kdf, n: 8_192 } }],
    ['a cost that no memory holds', { ...box, kdf: { ...box.kdf, n: 2 ** 30 } }],
    ['a cost that is no power of two', { ...box, kdf: { ...box.kdf, n: 20_000 } }],
    ['another block size', { ...box, kdf: { ...box.kdf, r: 1_024 } }],
    ['another parallelism', { ...box, kdf: { ...box.kdf, p: 16_384 } }],
    ['a short salt', { ...box, kdf: { ...box.kdf, salt: 'AAAA' } }],
    ['a salt in a second spelling', { ...box, kdf: { ...box.kdf, salt: `${'A'.repeat(21)}B` } }],
    ['another cipher', { ...box, cipher: { ...box.cipher, name: 'none' } }],
    ['a short initialisation vector', { ...box, cipher: { ...box.cipher, iv: 'AAAA' } }],
    ['a text shorter than its tag', { ...box, cipher: { ...box.cipher, text: 'AAAA' } }],
    [
      'a text that is not base64url',
      { ...box, cipher: { ...box.cipher, text: `${box.cipher.text}=` } },
    ],
    [
      'a text of other length than base64url has',
      { ...box, cipher: { ...box.cipher, text: 'A'.repeat(25) } },
    ],
    ['null', null],
  ])('are refused with %s', (_, value) => {
    expect(() => unlockKeys(encodeJson(value), passphrase)).toThrowCode('ERR_KEY_FILE_FORM')
  })

  it('are refused when they are not strict JSON or too large', () => {
    expect(() => unlockKeys(Buffer.from('{'), passphrase)).toThrowCode('ERR_KEY_FILE_FORM')
    const padded = (length: number) => Buffer.alloc(length, ' ').fill(file, 0, file.length)
    expect(readKeyFileIdentity(padded(16_384))).toEqual(identity)
    expect(() => readKeyFileIdentity(padded(16_385))).toThrowCode('ERR_KEY_FILE_FORM')
  })

  it('are not written with parameters that cannot be read', () => {
    const write = (changed: object) => () => lockKeys(seed, passphrase, { ...options, ...changed })
    expect(write({ cost: { n: 1_024, r: 8, p: 1 } })).toThrowCode('ERR_KEY_FILE_FORM')
    expect(write({ salt: new Uint8Array(8) })).toThrowCode('ERR_KEY_FILE_FORM')
    expect(write({ iv: new Uint8Array(16) })).toThrowCode('ERR_KEY_FILE_FORM')
    expect(write({ identity: { ...identity, name: 'Not a name' } })).toThrowCode(
      'ERR_KEY_FILE_FORM',
    )
  })

  it('hold 1 to 4096 bytes', () => {
    for (const bytes of [Uint8Array.of(9), new Uint8Array(4_096)]) {
      expect(unlockKeys(lockKeys(bytes, passphrase, options), passphrase).plaintext).toEqual(bytes)
    }
    expect(() => lockKeys(new Uint8Array(4_097), passphrase, options)).toThrow(RangeError)
    expect(() => lockKeys(new Uint8Array(0), passphrase, options)).toThrow(RangeError)
  })
})

describe('the cost of a passphrase', () => {
  it('is low for 32 random bytes as scripts have them, and for nothing a person makes up', () => {
    const random = '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34'
    expect(passphraseCost(new Secret(random))).toBe(RANDOM_PASSPHRASE_COST)
    for (const text of [
      random.slice(1),
      `${random}0`,
      random.toUpperCase(),
      'abcdef01'.repeat(8),
      '0'.repeat(64),
      'correct horse battery',
    ]) {
      expect(passphraseCost(new Secret(text))).toBe(PASSPHRASE_COST)
    }
  })
})
