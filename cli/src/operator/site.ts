// SPDX-License-Identifier: Apache-2.0
/** The site this operator signs for, and the hub it meets its agents at. */
import { readFile } from 'node:fs/promises'
import { rootFingerprintOf } from '@sallyport/core/crypto'
import type { SignedRoot, VerifiedRoot } from '@sallyport/core/crypto'
import { chainOf } from '@sallyport/core/admission'
import type { PublicIdentity } from '@sallyport/core/protocol'
import { parseSiteFile } from '@sallyport/core/transport'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { readKeptRoots } from './kept-roots.ts'
import { nameKeptRoot } from './name-key.ts'
import { noOperator } from './no-operator.ts'
import { readRecord } from './records.ts'

/** Shape of `settings.json`: what this operator's command line knows besides the site. */
export const Settings = z.strictObject({
  format: z.literal('sallyport-settings-1'),
  /** Base address of the hub. */
  hub: z.url().max(512),
})
export type Settings = z.infer<typeof Settings>

/** Where a hub listens unless it is told otherwise. */
export const DEFAULT_HUB = 'http://127.0.0.1:8420'

/** A site as the newest trust root on this machine describes it. */
export interface Site {
  readonly siteId: string
  readonly name: string
  /** Everyone who may sign as an operator and read everything. */
  readonly operators: readonly PublicIdentity[]
  /** The newest root. */
  readonly root: VerifiedRoot
}

/** What a root says of its site. */
export function siteOf(root: VerifiedRoot): Site {
  const { siteId, siteName, keys } = root.root
  const operators = keys.flatMap(({ role, holder, signingKey, sealingKey }) =>
    role === 'operator' && sealingKey !== null ? [{ name: holder, signingKey, sealingKey }] : [],
  )
  return { siteId, name: siteName, operators, root }
}

/**
 * Reads the site: the root in its file, and every later one that was kept since.
 *
 * Throws: ERR_NO_OPERATOR, ERR_SITE_FILE, ERR_TRUST_BROKEN, ERR_ROOT_NAMES.
 */
export async function readSite(home: Home): Promise<Site> {
  return siteOf(await nameKeptRoot(home, (await readChain(home)).at(-1)!))
}

/**
 * Every version that this machine holds, oldest first: that of the site file, and each one after it.
 *
 * Throws: ERR_NO_OPERATOR, ERR_SITE_FILE, ERR_TRUST_BROKEN.
 */
export async function readChain(home: Home): Promise<SignedRoot[]> {
  const bytes = await readFile(home.operator.site).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? noOperator(home) : error
  })
  const { envelope, root } = parseSiteFile(bytes)
  const later = await readKeptRoots(home, root.version)
  return chainOf({ root: envelope, fingerprint: rootFingerprintOf(envelope) }, later)
}

/** The hub's address: the one given, else the one in the settings. */
export async function hubAddress(home: Home, given?: string): Promise<string> {
  const settings = await readRecord(home.operator.settings, Settings)
  return given ?? settings?.hub ?? DEFAULT_HUB
}
