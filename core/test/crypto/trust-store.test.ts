// SPDX-License-Identifier: Apache-2.0
/** The trust store: what it finds, and which keys it does not take in. */
import { describe, expect, it } from '@jest/globals'
import { makeSigningKey, makeTrustStore, makeTrustedKey } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { smallOrderPoints } from './weak-keys.ts'

const SITE = '01983f00-0000-7000-8000-000000000001'
const publicKey = (byte: number) => makeSigningKey(new Uint8Array(32).fill(byte)).publicKey
const ann = makeTrustedKey('operator', 'ann', publicKey(1))
const pve1 = makeTrustedKey('agent', 'pve1', encodeBase64url(publicKey(2)))

describe('trust store', () => {
  const store = makeTrustStore(SITE, [ann, pve1])

  it('finds keys by id and by role', () => {
    expect(store.siteId).toBe(SITE)
    expect(store.find(ann.keyId)).toEqual(ann)
    expect(store.withRole('agent')).toEqual([pve1])
    expect(store.withRole('root')).toEqual([])
  })

  it.each(['', '__proto__', 'constructor', 'toString', '../../etc/hostname', '\0', "' OR 1=1--"])(
    'finds nothing under %j',
    (keyId) => {
      expect(store.find(keyId)).toBeUndefined()
    },
  )

  it('cannot be changed through what it was made from or what it gives', () => {
    const key = { ...ann, publicKey: Uint8Array.from(ann.publicKey) }
    const keys = [key]
    const other = makeTrustStore(SITE, keys)
    keys.pop()
    key.publicKey.fill(0)
    other.withRole('operator').pop()
    expect(other.find(ann.keyId)).toEqual(ann)
    expect(() => Object.assign(other.find(ann.keyId)!, { role: 'root' })).toThrow(TypeError)
    expect(() => Object.assign(other, { siteId: '' })).toThrow(TypeError)
  })

  it('refuses a key in two roles', () => {
    const twice = [ann, makeTrustedKey('root', 'ann', ann.publicKey)]
    expect(() => makeTrustStore(SITE, twice)).toThrowCode('ERR_TRUST_STORE')
  })

  it('refuses a key under the id of another', () => {
    expect(() => makeTrustStore(SITE, [{ ...pve1, keyId: ann.keyId }])).toThrowCode(
      'ERR_TRUST_STORE',
    )
  })

  it('refuses weak and malformed keys', () => {
    const weak = { ...ann, publicKey: smallOrderPoints()[1]! }
    expect(() => makeTrustStore(SITE, [weak])).toThrowCode('ERR_KEY_WEAK')
    expect(() => makeTrustStore(SITE, [{ ...ann, publicKey: new Uint8Array(31) }])).toThrowCode(
      'ERR_KEY_FORM',
    )
  })
})
