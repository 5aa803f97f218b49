// SPDX-License-Identifier: Apache-2.0
/** Key pairs and identities. Hot paths run in node:crypto; public keys from outside go through `public-key.ts`. */
import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../protocol/base64url.ts'
import type { PublicIdentity } from '../protocol/documents.ts'
import { KEY_BYTES, keyIdOf, parseSigningPublicKey } from './public-key.ts'

/** An Ed25519 key pair. The private half cannot be read from it. */
export interface SigningKey {
  readonly publicKey: Uint8Array
  readonly keyId: string
  /** Signs a message. Source: RFC 8032, section 5.1.6. */
  sign(message: Uint8Array): Uint8Array
}

/** An X25519 key pair. `privateKey` prints nothing and is used by `open` alone. */
export interface SealingKey {
  readonly publicKey: Uint8Array
  readonly keyId: string
  readonly privateKey: KeyObject
}

/** Who someone is: one key to sign, one to receive sealed data. */
export interface Identity {
  readonly name: string
  readonly signing: SigningKey
  readonly sealing: SealingKey
}

/** Size of the seed of an identity. Units: bytes. */
export const IDENTITY_SEED_BYTES = 2 * KEY_BYTES

/** Makes a signing key from 32 random bytes. Throws: RangeError. */
export function makeSigningKey(seed: Uint8Array): SigningKey {
  expectSeed(seed, KEY_BYTES)
  const { publicKey, privateKey } = keyPairOf('Ed25519', seed)
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  }
}

/** Makes a sealing key from 32 random bytes. Throws: RangeError. */
export function makeSealingKey(seed: Uint8Array): SealingKey {
  expectSeed(seed, KEY_BYTES)
  const { publicKey, privateKey } = keyPairOf('X25519', seed)
  return { publicKey, keyId: keyIdOf(publicKey), privateKey }
}

/** Makes an identity from 64 random bytes: the first 32 sign, the last 32 open. Throws: RangeError. */
export function makeIdentity(name: string, seed: Uint8Array): Identity {
  expectSeed(seed, IDENTITY_SEED_BYTES)
  return {
    name,
    signing: makeSigningKey(seed.subarray(0, KEY_BYTES)),
    sealing: makeSealingKey(seed.subarray(KEY_BYTES)),
  }
}

/** What others may know of an identity. */
export function publicIdentity(identity: Identity): PublicIdentity {
  return {
    name: identity.name,
    signingKey: encodeBase64url(identity.signing.publicKey),
    sealingKey: encodeBase64url(identity.sealing.publicKey),
  }
}

/**
 * Whether a signature fits a message and a public key.
 *
 * Trust: false for a key that `parseSigningPublicKey` refuses, for S not below the group order, and for any other size
 * than 64 bytes; it never throws.
 * Source: RFC 8032, section 5.1.7; verification without cofactor.
 */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  const name = hash('sha256', Buffer.concat([publicKey, signature, message]), 'base64')
  // Taken out and put back: the set is in the order of last use.
  if (!validSignatures.delete(name)) {
    const key = importPublic(publicKey)
    if (key === undefined || !verify(null, message, key, signature)) return false
    forgetOldest()
  }
  validSignatures.add(name)
  return true
}

const SIGNATURE_BYTES = 64

/** Why: roots, approvals and publications are verified again with each job. What does not fit takes no place here. */
const validSignatures = new Set<string>()
const MAX_VALID_SIGNATURES = 4_096

function forgetOldest(): void {
  const [oldest] = validSignatures
  if (validSignatures.size === MAX_VALID_SIGNATURES) validSignatures.delete(oldest!)
}

const importedKeys = new Map<string, KeyObject>()
const MAX_IMPORTED_KEYS = 512

/** Checking a key costs a hundred times as much as importing it, so the few keys that pass are kept. */
function importPublic(publicKey: Uint8Array): KeyObject | undefined {
  const text = encodeBase64url(publicKey)
  const known = importedKeys.get(text)
  if (known !== undefined) return known
  try {
    parseSigningPublicKey(publicKey)
  } catch {
    return undefined
  }
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: text }, format: 'jwk' })
  if (importedKeys.size === MAX_IMPORTED_KEYS) importedKeys.clear()
  importedKeys.set(text, key)
  return key
}

/** What stands before the 32 bytes in a private key of each kind. Source: RFC 8410, section 7. */
const PKCS8_HEADS = {
  Ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  X25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
}

/** Both halves of the key pair that a seed stands for. */
function keyPairOf(curve: keyof typeof PKCS8_HEADS, seed: Uint8Array) {
  const key = Buffer.concat([PKCS8_HEADS[curve], seed])
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  key.fill(0)
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { privateKey, publicKey: decodeBase64url(x!) }
}

function expectSeed(seed: Uint8Array, length: number): void {
  if (seed.length !== length) throw new RangeError(`seed must be ${length} bytes`)
}
