// SPDX-License-Identifier: Apache-2.0
/** Key files: secret bytes locked under a passphrase by scrypt and AES-256-GCM, the header authenticated with them. */
import { CodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from '../protocol/base64url.ts'
import { PublicIdentity } from '../protocol/documents.ts'
import { encodeJson, parseJson } from '../protocol/json.ts'
import { scryptKey, type ScryptCost } from './scrypt.ts'

/** Codes of a key file. */
export type KeyBoxErrorCode = 'ERR_KEY_FILE_FORM' | 'ERR_PASSPHRASE'

/** The cost for what people type: 128 MiB and some 300 ms for each guess. */
export const PASSPHRASE_COST: ScryptCost = { n: 131_072, r: 8, p: 1 }

/** The cost for passphrases of 128 random bits or more, which nobody guesses. Also the least that is taken. */
export const RANDOM_PASSPHRASE_COST: ScryptCost = { n: 16_384, r: 8, p: 1 }

/** 32 random bytes as people write them: `openssl rand -hex 32`. */
const RANDOM_FORM = /^[0-9a-f]{64}$/
/** Digits that so many random ones never lack. */
const LEAST_DISTINCT_DIGITS = 10

/** The cost for a passphrase: the lower one only where it has the form of 32 random bytes, which scripts may use. */
export function passphraseCost(passphrase: Secret): ScryptCost {
  const text = passphrase.reveal()
  const isRandom = RANDOM_FORM.test(text) && new Set(text).size >= LEAST_DISTINCT_DIGITS
  return isRandom ? RANDOM_PASSPHRASE_COST : PASSPHRASE_COST
}

const MAX_KEY_FILE_BYTES = 16 * 1_024
const MAX_PLAINTEXT_BYTES = 4_096
const TAG_BYTES = 16

const Kdf = z.strictObject({
  name: z.literal('scrypt'),
  salt: z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'not 16 bytes'),
  n: z
    .int()
    .min(RANDOM_PASSPHRASE_COST.n)
    .max(1_048_576)
    .refine((n) => Number.isInteger(Math.log2(n)), 'not a power of two'),
  r: z.literal(8),
  p: z.literal(1),
})

/** A key file. */
const KeyBox = z.strictObject({
  format: z.literal('sallyport-keys-1'),
  identity: PublicIdentity,
  kdf: Kdf,
  cipher: z.strictObject({
    name: z.literal('aes-256-gcm'),
    iv: z.string().regex(/^[A-Za-z0-9_-]{16}$/, 'not 12 bytes'),
    /** Encrypted bytes and tag. */
    text: z
      .string()
      .min(23)
      .max(2 * MAX_PLAINTEXT_BYTES),
  }),
})
type KeyBox = z.infer<typeof KeyBox>

/** What `lockKeys` needs besides the secrets. `salt` (16 bytes) and `iv` (12 bytes) are random and used once. */
export interface LockOptions {
  readonly identity: PublicIdentity
  readonly salt: Uint8Array
  readonly iv: Uint8Array
  readonly cost: ScryptCost
}

/**
 * Locks secret bytes, an identity's seed for example, and returns the bytes of the key file.
 *
 * Throws: ERR_KEY_FILE_FORM when an option is out of bounds, RangeError when there are no secret bytes or over 4 KiB.
 * Source: RFC 7914, section 6; NIST SP 800-38D, section 7.1.
 */
export function lockKeys(
  plaintext: Uint8Array,
  passphrase: Secret,
  { identity, salt, iv, cost }: LockOptions,
): Uint8Array {
  if (plaintext.length === 0 || plaintext.length > MAX_PLAINTEXT_BYTES) {
    throw new RangeError(`plaintext must be 1 to ${MAX_PLAINTEXT_BYTES} bytes`)
  }
  const { n, r, p } = cost
  const kdf = { name: 'scrypt', salt: encodeBase64url(salt), n, r, p }
  const cipher = { name: 'aes-256-gcm', iv: encodeBase64url(iv), text: 'A'.repeat(24) }
  const box = checkForm({ format: 'sallyport-keys-1', identity, kdf, cipher })
  const gcm = createCipheriv('aes-256-gcm', deriveKey(passphrase, box), iv).setAAD(headerOf(box))
  const text = Buffer.concat([gcm.update(plaintext), gcm.final(), gcm.getAuthTag()])
  return encodeJson({ ...box, cipher: { ...box.cipher, text: encodeBase64url(text) } })
}

/**
 * Opens a key file.
 *
 * Trust: the parameters of the file are bounded before they are used; the identity in its header is authenticated.
 * Time: as many milliseconds as the file's cost asks for, at most some seconds and 1 GiB.
 * Throws: ERR_KEY_FILE_FORM, ERR_PASSPHRASE (wrong passphrase, or the file was altered).
 */
export function unlockKeys(
  bytes: Uint8Array,
  passphrase: Secret,
): { identity: PublicIdentity; plaintext: Uint8Array } {
  const box = parseForm(bytes)
  const text = decode(box.cipher.text)
  const gcm = createDecipheriv('aes-256-gcm', deriveKey(passphrase, box), decode(box.cipher.iv))
  gcm.setAAD(headerOf(box)).setAuthTag(text.subarray(-TAG_BYTES))
  try {
    const opened = Buffer.concat([gcm.update(text.subarray(0, -TAG_BYTES)), gcm.final()])
    return { identity: box.identity, plaintext: new Uint8Array(opened) }
  } catch {
    throw new CodedError('ERR_PASSPHRASE', 'wrong passphrase, or the key file was altered')
  }
}

/** The identity a key file claims. Trust: unauthenticated until `unlockKeys`. Throws: ERR_KEY_FILE_FORM. */
export function readKeyFileIdentity(bytes: Uint8Array): PublicIdentity {
  return parseForm(bytes).identity
}

function deriveKey(passphrase: Secret, { kdf }: KeyBox): Uint8Array {
  // NFC, so that the same passphrase typed on another keyboard is the same bytes.
  const typed = new TextEncoder().encode(passphrase.reveal().normalize('NFC'))
  return scryptKey(typed, decode(kdf.salt), kdf)
}

function headerOf({ format, identity, kdf, cipher: { name, iv } }: KeyBox): Uint8Array {
  return encodeJson({ format, identity, kdf, cipher: { name, iv } })
}

function parseForm(bytes: Uint8Array): KeyBox {
  try {
    return checkForm(parseJson(bytes, MAX_KEY_FILE_BYTES))
  } catch (cause) {
    throw formError(cause)
  }
}

function checkForm(value: unknown): KeyBox {
  const checked = KeyBox.safeParse(value)
  if (!checked.success) throw formError(checked.error)
  return checked.data
}

function decode(text: string): Uint8Array {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw formError(cause)
  }
}

function formError(cause: unknown): CodedError<KeyBoxErrorCode> {
  return new CodedError('ERR_KEY_FILE_FORM', 'not a key file', { cause })
}
