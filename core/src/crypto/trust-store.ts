// SPDX-License-Identifier: Apache-2.0
/** The public keys and roles that one party believes. */
import { CodedError } from '@sallyport/sdk'
import type { Role } from '../protocol/documents.ts'
import { keyIdOf, parseSigningPublicKey } from './public-key.ts'

/** One key that is believed, in exactly one role. */
export interface TrustedKey {
  readonly keyId: string
  readonly publicKey: Uint8Array
  readonly role: Role
  readonly name: string
}

/** Keys by id and by role. It cannot change. */
export interface TrustStore {
  readonly siteId: string
  find(keyId: string): TrustedKey | undefined
  withRole(role: Role): TrustedKey[]
}

/**
 * Makes a trusted key of a signing key, as bytes or base64url.
 *
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function makeTrustedKey(role: Role, name: string, key: string | Uint8Array): TrustedKey {
  const publicKey = parseSigningPublicKey(key)
  return Object.freeze({ keyId: keyIdOf(publicKey), publicKey, role, name })
}

/**
 * Makes a trust store.
 *
 * Trust: every key is checked again; a key may stand in it once, so that nobody holds two roles.
 * Throws: ERR_TRUST_STORE, ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function makeTrustStore(siteId: string, keys: readonly TrustedKey[]): TrustStore {
  const byId = new Map<string, TrustedKey>()
  for (const { keyId, publicKey, role, name } of keys) {
    const key = makeTrustedKey(role, name, publicKey)
    if (key.keyId !== keyId) throw storeError('a key stands under a foreign id', keyId)
    if (byId.has(keyId)) throw storeError('a key stands twice', keyId)
    byId.set(keyId, key)
  }
  return Object.freeze({
    siteId,
    find: (keyId: string) => byId.get(keyId),
    withRole: (role: Role) => [...byId.values()].filter((key) => key.role === role),
  })
}

function storeError(why: string, keyId: string): CodedError<'ERR_TRUST_STORE'> {
  return new CodedError('ERR_TRUST_STORE', `trust store: ${why}`, { details: { why, keyId } })
}
