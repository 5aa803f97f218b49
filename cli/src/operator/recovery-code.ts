// SPDX-License-Identifier: Apache-2.0
/** The recovery code: a root key on paper, for the day on which every other key of its holder is lost. */
import {
  equalBytes,
  hkdfSha256,
  makeSealingKey,
  makeSigningKey,
  readTypedDigits,
  sha256,
  typedDigits,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Bytes of the secret of a recovery code. */
export const RECOVERY_SECRET_BYTES = 16

const PREFIX = 'SR1'
const CHECKSUM_BYTES = 4

/** Writes 16 random bytes as the code that a person keeps on paper. Throws: RangeError. */
export function makeRecoveryCode(secret: Uint8Array): string {
  if (secret.length !== RECOVERY_SECRET_BYTES) throw new RangeError('secret must be 16 bytes')
  return typedDigits(PREFIX, Buffer.concat([secret, checksumOf(secret)]))
}

/**
 * The keys that a code stands for: a root key, and one to read what was kept for that day. As typed: any case, spaces
 * or hyphens anywhere, O for 0, I and L for 1.
 *
 * Trust: whether a root knows the key is for the caller to ask.
 * Throws: ERR_RECOVERY_CODE, which does not quote the code.
 */
export function recoveryIdentityOf(code: string): Pick<Identity, 'signing' | 'sealing'> {
  const bytes = readTypedDigits(PREFIX, code, RECOVERY_SECRET_BYTES + CHECKSUM_BYTES)
  if (bytes === undefined) throw wrong('not a recovery code: SR1 and 32 digits')
  const secret = bytes.subarray(0, RECOVERY_SECRET_BYTES)
  const isWhole = equalBytes(bytes.subarray(RECOVERY_SECRET_BYTES), checksumOf(secret))
  if (!isWhole) throw wrong('the recovery code has a typing error')
  return {
    signing: makeSigningKey(hkdfSha256(secret, 'sallyport recovery root key v1', 32)),
    sealing: makeSealingKey(hkdfSha256(secret, 'sallyport recovery sealing key v1', 32)),
  }
}

function checksumOf(secret: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('sallyport recovery code v1\n')
  return sha256(Buffer.concat([label, secret])).slice(0, CHECKSUM_BYTES)
}

function wrong(message: string): Problem {
  return new Problem('ERR_RECOVERY_CODE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'Type it as it stands on the paper, all eight groups behind SR1.',
  })
}
