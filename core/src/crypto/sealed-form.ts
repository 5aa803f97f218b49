// SPDX-License-Identifier: Apache-2.0
/** The exact form of a sealed text, checked before any key touches it. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { decodeBase64url } from '../protocol/base64url.ts'
import { parseJson } from '../protocol/json.ts'
import { Bytes32, KeyId } from '../protocol/primitives.ts'
import { parseSealingPublicKey } from './public-key.ts'

/** Codes of sealing. */
export type SealErrorCode = 'ERR_SEALED_FORM' | 'ERR_NOT_A_READER' | 'ERR_UNSEAL'

/** Key agreement and wrapping. Source: RFC 7518, section 4.6. */
export const WRAPPING = 'ECDH-ES+A256KW'

/** Content encryption. Source: RFC 7518, section 5.3. */
export const ENCRYPTION = 'A256GCM'

/** Readers that one sealed text may have: 32 operators and the 16 readers a document may name, with room. */
export const MAX_READERS = 64

const MAX_HEADER_BYTES = 512

/** An ephemeral public key. */
const Epk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: Bytes32 })
const algorithms = { alg: z.literal(WRAPPING), enc: z.literal(ENCRYPTION) }

/** With one reader its ephemeral key may stand in the protected header, with more it stands with each. */
const ProtectedHeader = z.strictObject({ ...algorithms, epk: Epk.optional() })
const DirectHeader = z.strictObject({ alg: z.literal('dir'), enc: z.literal(ENCRYPTION) })

/** Sizes: 96-bit initialisation vector, 128-bit tag, 256-bit key wrapped to 320 bits. */
const Recipient = z.strictObject({
  encrypted_key: z.string().length(54),
  header: z.strictObject({ kid: KeyId, epk: Epk.optional() }),
})
const SealedForm = z.strictObject({
  protected: z.string().max(MAX_HEADER_BYTES),
  iv: z.string().length(16),
  ciphertext: z.string(),
  tag: z.string().length(22),
  recipients: z.array(Recipient).min(1).max(MAX_READERS),
})

/** A sealed text whose form is right. */
export interface SealedParts {
  readonly protectedText: string
  readonly iv: string
  readonly ciphertext: string
  readonly tag: string
  readonly recipients: readonly {
    encrypted_key: string
    header: { kid: string; epk?: z.infer<typeof Epk> }
  }[]
}

/**
 * Reads the General JSON form.
 *
 * Trust: no algorithm, compression, critical extension, embedded key or address in a header has any effect: the headers
 * must be exactly the ones `seal` writes.
 * Throws: ERR_SEALED_FORM.
 */
export function parseSealed(sealed: string, maxBytes: number): SealedParts {
  const form = check(SealedForm, readJson(Buffer.from(sealed, 'utf8'), maxBytes))
  const shared = check(ProtectedHeader, readJson(decode(form.protected), MAX_HEADER_BYTES))
  const kids = new Set<string>()
  const recipients = form.recipients.map(({ encrypted_key, header: { kid, epk } }) => {
    if ((epk === undefined) === (shared.epk === undefined))
      throw formError('one ephemeral key each')
    if (kids.has(kid)) throw formError('a reader stands twice')
    kids.add(kid)
    checkEphemeral((epk ?? shared.epk)!.x)
    decode(encrypted_key)
    return { encrypted_key, header: { kid, ...(epk && { epk }) } }
  })
  if (shared.epk !== undefined && recipients.length > 1) throw formError('one ephemeral key each')
  const { iv, ciphertext, tag } = form
  for (const text of [iv, ciphertext, tag]) decode(text)
  return { protectedText: form.protected, iv, ciphertext, tag, recipients }
}

/** Checks the compact form of `sealUnderSecret`. Throws: ERR_SEALED_FORM. */
export function parseCompact(sealed: string, maxBytes: number): void {
  if (sealed.length > maxBytes) throw formError('too large')
  const parts = sealed.split('.')
  if (parts.length !== 5) throw formError('not five parts')
  const [header, wrapped, iv, ciphertext, tag] = parts as [string, string, string, string, string]
  check(DirectHeader, readJson(decode(header), MAX_HEADER_BYTES))
  if (wrapped !== '' || iv.length !== 16 || tag.length !== 22) throw formError('another size')
  for (const text of [iv, ciphertext, tag]) decode(text)
}

function readJson(bytes: Uint8Array, maxBytes: number): unknown {
  return orFormError(() => parseJson(bytes, maxBytes), 'not strict JSON')
}

function decode(text: string): Uint8Array {
  return orFormError(() => decodeBase64url(text), 'not base64url')
}

function checkEphemeral(x: string): void {
  orFormError(() => parseSealingPublicKey(x), 'unacceptable ephemeral key')
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  throw formError(checked.error.issues[0]!.path.join('.').slice(0, 64) || 'root')
}

function orFormError<T>(attempt: () => T, why: string): T {
  try {
    return attempt()
  } catch (cause) {
    throw formError(why, cause)
  }
}

function formError(why: string, cause?: unknown): CodedError<SealErrorCode> {
  return new CodedError('ERR_SEALED_FORM', `not a sealed text: ${why}`, { details: { why }, cause })
}
