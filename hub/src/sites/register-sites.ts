// SPDX-License-Identifier: Apache-2.0
/** Reads the site files and brings the tables in line with them. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { parseSiteFile } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { readFile } from 'node:fs/promises'
import type { Site, SiteStore } from '../stores/site-store.ts'

/**
 * Registers the sites of these files.
 *
 * Throws: ERR_SITE_FILE, ERR_OPERATOR_KEY, ERR_NO_SITE when neither the files nor the tables have a site.
 */
export async function registerSites(
  store: SiteStore,
  files: readonly string[],
  nowMs: number,
): Promise<Site[]> {
  const sites: Site[] = []
  for (const file of files) {
    const site = await readSite(file)
    await store.register(site, nowMs)
    sites.push(site)
  }
  if (sites.length === 0 && (await store.count()) === 0) {
    throw new CodedError(
      'ERR_NO_SITE',
      'the hub serves no site: run `sallyport init`, or name a --site file',
    )
  }
  return sites
}

async function readSite(file: string): Promise<Site> {
  try {
    const { siteId, name, operators } = parseSiteFile(await readFile(file))
    const rows = operators.map((operator) => ({
      keyId: keyIdOf(decodeBase64url(operator.signingKey)),
      name: operator.name,
      signingKey: operator.signingKey,
      sealingKey: operator.sealingKey,
    }))
    return { siteId, name, operators: rows }
  } catch (cause) {
    const why = isCodedError(cause) ? cause.message : 'it cannot be read'
    throw new CodedError('ERR_SITE_FILE', `${file}: ${why}`, { details: { file }, cause })
  }
}
