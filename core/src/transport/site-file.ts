// SPDX-License-Identifier: Apache-2.0
/** The site file: the trust root of a site and where people of it begin. The command line writes it, a hub reads it. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { rootFingerprintOf, verifyFirstRoot, type SignedRoot } from '../crypto/index.ts'
import {
  decodeBase64url,
  describeIssue,
  encodeBase64url,
  encodeJson,
  parseJson,
} from '../protocol/index.ts'

/** A site by a trust root of it. */
export const SiteFile = z.strictObject({
  format: z.literal('sallyport-site-2'),
  /** DSSE envelope of the trust root, base64url. */
  trustRoot: z.base64url().max(64 * 1_024),
})
export type SiteFile = z.infer<typeof SiteFile>

/** Size of a site file. */
export const MAX_SITE_FILE_BYTES = 98_304

/**
 * Reads a site file.
 *
 * Trust: the root is signed by its own root keys; that it is the right one is the word of whoever brought the file.
 * Throws: ERR_SITE_FILE.
 */
export function parseSiteFile(bytes: Uint8Array): SignedRoot {
  const { trustRoot } = checkForm(bytes)
  const envelope = decodeBase64url(trustRoot)
  const verdict = verifyFirstRoot(envelope, fingerprintIn(envelope))
  if (verdict.ok) return verdict
  throw malformed(`its trust root does not hold: ${verdict.refusal.reason}`)
}

/** Writes a site file around the envelope of a trust root. */
export function encodeSiteFile(root: Uint8Array): Uint8Array {
  return encodeJson({ format: 'sallyport-site-2', trustRoot: encodeBase64url(root) })
}

function fingerprintIn(envelope: Uint8Array): string {
  try {
    return rootFingerprintOf(envelope)
  } catch (cause) {
    throw malformed('its trust root has no form', cause)
  }
}

function checkForm(bytes: Uint8Array): SiteFile {
  let value: unknown
  try {
    value = parseJson(bytes, MAX_SITE_FILE_BYTES)
  } catch (cause) {
    throw malformed('it is not strict JSON', cause)
  }
  const checked = SiteFile.safeParse(value)
  if (checked.success) return checked.data
  const { path, why } = describeIssue(checked.error)
  throw malformed(`${path || 'root'}: ${why}`)
}

function malformed(why: string, cause?: unknown): CodedError<'ERR_SITE_FILE'> {
  return new CodedError('ERR_SITE_FILE', `not a site file: ${why}`, { cause })
}
