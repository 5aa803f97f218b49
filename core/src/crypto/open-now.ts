// SPDX-License-Identifier: Apache-2.0
/** Opens what `sealUnderSecret` made without waiting, for readers that cannot wait. */
import { CodedError } from '@sallyport/sdk'
import { createDecipheriv } from 'node:crypto'
import { decodeBase64url } from '../protocol/base64url.ts'
import { KEY_BYTES } from './public-key.ts'
import { parseCompact, type SealErrorCode } from './sealed-form.ts'

/**
 * Opens a text sealed under a secret.
 *
 * Trust: the form, header included, is compared before the key touches anything; nothing comes out unless all of it is
 * authentic.
 * Throws: ERR_SEALED_FORM, ERR_UNSEAL, RangeError.
 * Source: RFC 7516, section 5.2; RFC 7518, section 5.3.
 */
export function openUnderSecretNow(
  sealed: string,
  secret: Uint8Array,
  maxBytes: number,
): Uint8Array {
  if (secret.length !== KEY_BYTES) throw new RangeError('secret must be 32 bytes')
  parseCompact(sealed, maxBytes)
  const [header, , iv, text, tag] = sealed.split('.') as [string, '', string, string, string]
  const gcm = createDecipheriv('aes-256-gcm', secret, decodeBase64url(iv))
  gcm.setAAD(Buffer.from(header)).setAuthTag(decodeBase64url(tag))
  try {
    return new Uint8Array(Buffer.concat([gcm.update(decodeBase64url(text)), gcm.final()]))
  } catch (cause) {
    throw new CodedError<SealErrorCode>('ERR_UNSEAL', 'cannot be opened', { cause })
  }
}
