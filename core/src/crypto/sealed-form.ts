// SPDX-License-Identifier: Apache-2.0
/** The exact form of a sealed text, checked before any key touches it. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from '../protocol/base64url.ts'
import { encodeJson, parseJson } from '../protocol/json.ts'
import { Bytes32, KeyId } from '../protocol/primitives.ts'
import { parseSealingPublicKey } from './public-key.ts'

/** Codes of sealing. */
export type SealErrorCode = 'ERR_SEALED_FORM' | 'ERR_NOT_A_READER' | 'ERR_UNSEAL'

/** Protected header of a text for readers. Source: RFC 7518, sections 4.6 and 5.3. */
export const READERS_HEADER = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' } as const

/** Protected header of a text under a secret. Source: RFC 7518, sections 4.5 and 5.3. */
export const SECRET_HEADER = { alg: 'dir', enc: 'A256GCM' } as const

/** Readers that one sealed text may have: 32 operators and the 16 readers a document may name, with room. */
export const MAX_READERS = 64

const READERS_HEADER_TEXT = encodeBase64url(encodeJson(READERS_HEADER))
const SECRET_HEADER_TEXT = encodeBase64url(encodeJson(SECRET_HEADER))

const Epk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: Bytes32 })

/** Sizes: 96-bit initialisation vector, 128-bit tag, 256-bit key wrapped to 320 bits. */
const SealedForm = z.strictObject({
  protected: z.literal(READERS_HEADER_TEXT),
  iv: z.string().length(16),
  ciphertext: z.string(),
  tag: z.string().length(22),
  recipients: z
    .array(
      z.strictObject({
        encrypted_key: z.string().length(54),
        header: z.strictObject({ kid: KeyId, epk: Epk }),
      }),
    )
    .min(1)
    .max(MAX_READERS),
})

/** A sealed text whose form is right. */
export type SealedForm = z.infer<typeof SealedForm>

/**
 * Reads the General JSON form.
 *
 * Trust: no algorithm, compression, critical extension, embedded key or address in a header has any effect: the
 * protected header must be, to the letter, the one that `seal` writes, and no other header has room for more than the
 * reader's key id and an ephemeral key, which is checked on the curve.
 * Throws: ERR_SEALED_FORM.
 */
export function parseSealed(sealed: string, maxBytes: number): SealedForm {
  const text = orFormError('not strict JSON', () => parseJson(Buffer.from(sealed), maxBytes))
  const form = SealedForm.safeParse(text)
  if (!form.success) throw formError(form.error.issues[0]!.path.join('.').slice(0, 64))
  const { iv, ciphertext, tag, recipients } = form.data
  const kids = new Set(recipients.map(({ header }) => header.kid))
  if (kids.size !== recipients.length) throw formError('a reader stands twice')
  for (const { encrypted_key, header } of recipients) {
    checkBase64url(encrypted_key)
    orFormError('unacceptable ephemeral key', () => parseSealingPublicKey(header.epk.x))
  }
  for (const part of [iv, ciphertext, tag]) checkBase64url(part)
  return form.data
}

/** Checks the compact form of `sealUnderSecret`. Throws: ERR_SEALED_FORM. */
export function parseCompact(sealed: string, maxBytes: number): void {
  if (sealed.length > maxBytes) throw formError('too large')
  const parts = sealed.split('.')
  if (parts.length !== 5) throw formError('not five parts')
  const [header, wrapped, iv, ciphertext, tag] = parts as [string, string, string, string, string]
  if (header !== SECRET_HEADER_TEXT || wrapped !== '') throw formError('another header')
  if (iv.length !== 16 || tag.length !== 22) throw formError('another size')
  for (const part of [iv, ciphertext, tag]) checkBase64url(part)
}

function checkBase64url(text: string): void {
  orFormError('not base64url', () => decodeBase64url(text))
}

function orFormError<T>(why: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (cause) {
    throw formError(why, cause)
  }
}

function formError(why: string, cause?: unknown): CodedError<SealErrorCode> {
  return new CodedError('ERR_SEALED_FORM', `not a sealed text: ${why}`, { details: { why }, cause })
}
