// SPDX-License-Identifier: Apache-2.0
/** The site this operator signs for, and the hub it meets its agents at. */
import { readFile } from 'node:fs/promises'
import { parseSiteFile } from '@sallyport/core/transport'
import type { SiteFile } from '@sallyport/core/transport'
import { z } from 'zod'
import type { Home } from '../home.ts'
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

/** Reads the site. Throws: ERR_NO_OPERATOR, ERR_SITE_FILE. */
export async function readSite(home: Home): Promise<SiteFile> {
  const bytes = await readFile(home.operator.site).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? noOperator(home) : error
  })
  return parseSiteFile(bytes)
}

/** The hub's address: the one given, else the one in the settings. */
export async function hubAddress(home: Home, given?: string): Promise<string> {
  const settings = await readRecord(home.operator.settings, Settings)
  return given ?? settings?.hub ?? DEFAULT_HUB
}
