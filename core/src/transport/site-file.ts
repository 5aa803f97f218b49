// SPDX-License-Identifier: Apache-2.0
/** The site file: who the operators of a site are, in public keys. The command line writes it, a hub reads it. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { keyIdOf, parseSealingPublicKey, parseSigningPublicKey } from '../crypto/index.ts'
import {
  Id,
  Name,
  PublicIdentity,
  describeIssue,
  encodeJson,
  parseJson,
} from '../protocol/index.ts'

/** A site and its operators. */
export const SiteFile = z.strictObject({
  format: z.literal('sallyport-site-1'),
  siteId: Id,
  name: Name,
  operators: z.array(PublicIdentity).min(1).max(32),
})
export type SiteFile = z.infer<typeof SiteFile>

/** Size of a site file. */
export const MAX_SITE_FILE_BYTES = 65_536

/**
 * Reads a site file.
 *
 * Trust: the keys are checked on their curves; a signing key stands in it once.
 * Throws: ERR_SITE_FILE.
 */
export function parseSiteFile(bytes: Uint8Array): SiteFile {
  const site = checkForm(bytes)
  const keyIds = site.operators.map((operator) => checkKeys(operator))
  if (new Set(keyIds).size !== keyIds.length) throw malformed('two operators have the same key')
  return site
}

/** Writes a site file. */
export function encodeSiteFile(site: SiteFile): Uint8Array {
  return encodeJson(SiteFile.parse(site))
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

function checkKeys(operator: PublicIdentity): string {
  try {
    parseSealingPublicKey(operator.sealingKey)
    return keyIdOf(parseSigningPublicKey(operator.signingKey))
  } catch (cause) {
    throw malformed(`operator ${operator.name} has a key that cannot be used`, cause)
  }
}

function malformed(why: string, cause?: unknown): CodedError<'ERR_SITE_FILE'> {
  return new CodedError('ERR_SITE_FILE', `not a site file: ${why}`, { cause })
}
