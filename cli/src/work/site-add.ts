// SPDX-License-Identifier: Apache-2.0
/** Has the hub of this machine serve one more site. */
import { resolve } from 'node:path'
import type { HubPlace } from '@sallyport/hub'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

/** Adds it and says so. */
export async function siteAdd(talk: Talk, place: HubPlace, file: string): Promise<void> {
  const { addSite } = await import('@sallyport/hub')
  const added = await waiting(talk, 'registering', () => addSite(place, resolve(file)))
  const { siteId, version, siteCount } = added
  const document = { format: 'sallyport.site-add/1', site: { siteId, version }, siteCount }
  talk.answer(
    document,
    () =>
      `${talk.paint.good('added')} site ${siteId}, trust root ${version}; the hub serves ${counted(siteCount, 'site')}, this one at once if it runs`,
  )
}
