// SPDX-License-Identifier: Apache-2.0
/** The code that whoever restored a hub gives to an operator of a site: with it the operator lets the site's agents in again. */
import { CodedError } from '@sallyport/sdk'
import { encodeBase64url } from '../protocol/base64url.ts'
import { equalBytes, sha256 } from './digest.ts'
import { readTypedDigits, typedDigits } from './typed-digits.ts'

/** Code of a confirmation code that is refused. */
export type ConfirmCodeErrorCode = 'ERR_CONFIRM_CODE_FORM'

/** Bytes of the secret. */
export const CONFIRM_SECRET_BYTES = 12

const PREFIX = 'SC1'
const CHECKSUM_BYTES = 3

/** Writes a code from 12 random bytes. Throws: RangeError. */
export function makeConfirmCode(secret: Uint8Array): string {
  if (secret.length !== CONFIRM_SECRET_BYTES) throw new RangeError('secret must be 12 bytes')
  return typedDigits(PREFIX, Buffer.concat([secret, checksumOf(secret)]))
}

/**
 * Reads a code as typed, and returns the token that the hub is shown: base64url.
 *
 * Throws: ERR_CONFIRM_CODE_FORM, which does not quote the code.
 */
export function parseConfirmCode(text: string): string {
  const bytes = readTypedDigits(PREFIX, text, CONFIRM_SECRET_BYTES + CHECKSUM_BYTES)
  const secret = bytes?.subarray(0, CONFIRM_SECRET_BYTES)
  if (
    secret !== undefined &&
    equalBytes(bytes!.subarray(CONFIRM_SECRET_BYTES), checksumOf(secret))
  ) {
    return encodeBase64url(secret)
  }
  throw new CodedError<ConfirmCodeErrorCode>(
    'ERR_CONFIRM_CODE_FORM',
    'not a code of `hub restore`: SC1 and 24 digits',
  )
}

function checksumOf(secret: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('sallyport confirm code v1\n')
  return sha256(Buffer.concat([label, secret])).slice(0, CHECKSUM_BYTES)
}
