// SPDX-License-Identifier: Apache-2.0
/** What was sealed under a secret opens at once, with that secret only and unaltered only. */
import { describe, expect, it } from '@jest/globals'
import { openUnderSecret, openUnderSecretNow, sealUnderSecret } from '../../src/crypto/index.ts'

const secret = new Uint8Array(32).fill(7)
const plaintext = new TextEncoder().encode('{"a":1}')

describe('opening at once', () => {
  it('gives what the library gives', async () => {
    const sealed = await sealUnderSecret(plaintext, secret)
    expect(openUnderSecretNow(sealed, secret, 1_000)).toEqual(plaintext)
    expect(openUnderSecretNow(sealed, secret, 1_000)).toEqual(await openUnderSecret(sealed, secret))
  })

  it('refuses another secret and every altered character', async () => {
    const sealed = await sealUnderSecret(plaintext, secret)
    const other = new Uint8Array(32).fill(8)
    expect(() => openUnderSecretNow(sealed, other, 1_000)).toThrowCode('ERR_UNSEAL')
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
      expect(() => openUnderSecretNow(altered, secret, 1_000)).toThrow(/opened|not a sealed text/)
    }
  })

  it.each([
    ['nothing', ''],
    ['another header', `${Buffer.from('{"alg":"none"}').toString('base64url')}....`],
    ['text', 'a.b.c.d.e'],
  ])('refuses %s by its form', (_, text) => {
    expect(() => openUnderSecretNow(text, secret, 1_000)).toThrowCode('ERR_SEALED_FORM')
  })

  it('reads no more than it may, and wants 32 bytes of secret', async () => {
    const sealed = await sealUnderSecret(plaintext, secret)
    expect(() => openUnderSecretNow(sealed, secret, 50)).toThrowCode('ERR_SEALED_FORM')
    expect(() => openUnderSecretNow(sealed, new Uint8Array(16), 1_000)).toThrow(RangeError)
  })
})
