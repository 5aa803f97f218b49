// SPDX-License-Identifier: Apache-2.0
/** Reads the site files and takes their trust roots where they are newer than what is held. */
import type { SignedRoot } from '@sallyport/core/crypto'
import { parseSiteFile } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { readFile } from 'node:fs/promises'
import type { SiteStore } from '../stores/site-store.ts'

/** A site that a file names. */
export interface RegisteredSite {
  readonly siteId: string
  /** The file has a root of which the hub lacks the versions before. */
  readonly isAhead: boolean
}

/**
 * Registers the sites of these files.
 *
 * Throws: ERR_SITE_FILE, ERR_ROOT_REFUSED, ERR_ROOT_CONFLICT, ERR_OPERATOR_KEY, ERR_NO_SITE when neither the files nor
 * the tables have a site.
 */
export async function registerSites(
  store: SiteStore,
  files: readonly string[],
  nowMs: number,
): Promise<RegisteredSite[]> {
  const sites: RegisteredSite[] = []
  for (const file of files) {
    const root = await readSite(file)
    const isAhead = (await store.register(root, nowMs)) === 'ahead'
    sites.push({ siteId: root.root.siteId, isAhead })
  }
  if (sites.length === 0 && (await store.count()) === 0) {
    throw new CodedError(
      'ERR_NO_SITE',
      'the hub serves no site: run `sallyport init`, or name a --site file',
    )
  }
  return sites
}

/** Reads a site file. Throws: ERR_SITE_FILE. */
export async function readSite(file: string): Promise<SignedRoot> {
  try {
    return parseSiteFile(await readFile(file))
  } catch (cause) {
    const why = isCodedError(cause) ? cause.message : 'it cannot be read'
    throw new CodedError('ERR_SITE_FILE', `${file}: ${why}`, { details: { file }, cause })
  }
}
