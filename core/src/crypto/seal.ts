// SPDX-License-Identifier: Apache-2.0
/** Sealing: JWE with one wrapped key per reader. Algorithms are fixed here; headers are compared, never obeyed. */
import { CodedError } from '@sallyport/sdk'
import { CompactEncrypt, GeneralEncrypt, compactDecrypt, flattenedDecrypt } from 'jose'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { encodeBase64url } from '../protocol/base64url.ts'
import { encodeJson } from '../protocol/json.ts'
import type { SealingKey } from './keys.ts'
import { KEY_BYTES, keyIdOf, parseSealingPublicKey } from './public-key.ts'
import {
  MAX_READERS,
  READERS_HEADER,
  SECRET_HEADER,
  parseCompact,
  parseSealed,
  type SealErrorCode,
} from './sealed-form.ts'

/** Size of an enrolment sealed under a code, as text. */
const MAX_SECRET_SEALED_BYTES = 48 * 1_024

/**
 * Seals bytes to every reader, named once or more, by raw X25519 public key (bytes or base64url).
 *
 * Trust: each reader's key is checked; sealing proves nothing about the sender, so sign first.
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK, RangeError without readers or with more than 64.
 * Source: RFC 7516, section 7.2.1; RFC 7518, sections 4.6 and 5.3; RFC 8037, section 3.2.
 */
export async function seal(
  plaintext: Uint8Array,
  readers: readonly (string | Uint8Array)[],
): Promise<string> {
  const keys = new Map(readers.map(parseSealingPublicKey).map((key) => [keyIdOf(key), key]))
  if (keys.size === 0 || keys.size > MAX_READERS) {
    throw new RangeError(`readers must be 1 to ${MAX_READERS}`)
  }
  // With one recipient the library moves its ephemeral key into the protected header. A second entry for the same
  // reader, cut off below, keeps one form for any number of readers.
  const entries = keys.size === 1 ? [...keys, ...keys] : [...keys]
  const jwe = new GeneralEncrypt(plaintext).setProtectedHeader(READERS_HEADER)
  for (const [kid, key] of entries)
    jwe.addRecipient(importReader(key)).setUnprotectedHeader({ kid })
  const { recipients, ...shared } = await jwe.encrypt()
  const sealed = encodeJson({ ...shared, recipients: recipients.slice(0, keys.size) })
  return new TextDecoder().decode(sealed)
}

/**
 * Opens a sealed text with the key of one of its readers.
 *
 * Trust: the plaintext was sealed by anybody; only its signature tells by whom.
 * Shape: at most `maxBytes`, exactly the members that `seal` writes.
 * Throws: ERR_SEALED_FORM, ERR_NOT_A_READER, ERR_UNSEAL.
 */
export async function open(sealed: string, key: SealingKey, maxBytes: number): Promise<Uint8Array> {
  const { recipients, ...shared } = parseSealed(sealed, maxBytes)
  const recipient = recipients.find(({ header }) => header.kid === key.keyId)
  if (recipient === undefined) {
    throw new CodedError('ERR_NOT_A_READER', 'not sealed to this key', {
      details: { keyId: key.keyId },
    })
  }
  return unseal(() =>
    flattenedDecrypt({ ...shared, ...recipient }, key.privateKey, pinned(READERS_HEADER)),
  )
}

/**
 * Seals bytes under a 32-byte secret that both sides derive.
 *
 * Throws: RangeError.
 * Source: RFC 7516, section 7.1; RFC 7518, section 4.5.
 */
export async function sealUnderSecret(plaintext: Uint8Array, secret: Uint8Array): Promise<string> {
  expectSecret(secret)
  return new CompactEncrypt(plaintext).setProtectedHeader(SECRET_HEADER).encrypt(secret)
}

/** Opens what `sealUnderSecret` made. Throws: ERR_SEALED_FORM, ERR_UNSEAL, RangeError. */
export async function openUnderSecret(
  sealed: string,
  secret: Uint8Array,
  maxBytes: number = MAX_SECRET_SEALED_BYTES,
): Promise<Uint8Array> {
  expectSecret(secret)
  parseCompact(sealed, maxBytes)
  return unseal(() => compactDecrypt(sealed, secret, pinned(SECRET_HEADER)))
}

/** The form has been compared already; the library is told as well, so that neither depends on the other. */
function pinned({ alg, enc }: { alg: string; enc: string }) {
  return { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
}

async function unseal(decrypt: () => Promise<{ plaintext: Uint8Array }>): Promise<Uint8Array> {
  try {
    return (await decrypt()).plaintext
  } catch (cause) {
    throw new CodedError<SealErrorCode>('ERR_UNSEAL', 'cannot be opened', { cause })
  }
}

function importReader(publicKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) }
  return createPublicKey({ key, format: 'jwk' })
}

function expectSecret(secret: Uint8Array): void {
  if (secret.length !== KEY_BYTES) throw new RangeError('secret must be 32 bytes')
}
