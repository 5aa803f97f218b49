// SPDX-License-Identifier: Apache-2.0
/** Restores a hub, and says who has to do what next. */
import { resolve } from 'node:path'
import type { HubPlace, RestoredSite } from '@sallyport/hub'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

/** Restores and shows the codes, once. Throws: as `restoreHub`. */
export async function hubRestore(talk: Talk, place: HubPlace, from: string): Promise<void> {
  const { restoreHub } = await import('@sallyport/hub')
  const file = resolve(from)
  const { madeAt, hubVersion, rowCount, sites } = await waiting(talk, 'restoring', () =>
    restoreHub(place, file),
  )
  const document = { format: 'sallyport.hub-restore/1', file, madeAt, hubVersion, rowCount, sites }
  talk.answer(document, () =>
    [
      `${talk.paint.good('restored')} from ${file}, made at ${madeAt} by ${hubVersion}`,
      'Start the hub. It takes no agents of a site until an operator of the site has confirmed it:',
      ...sites.flatMap((site) => siteLines(site)),
      '',
      'Each code is shown this once. Give it to an operator of today, whom you know.',
    ].join('\n'),
  )
}

function siteLines({ siteId, epoch, rootVersion, agentCount, confirmCode }: RestoredSite) {
  const what = `${counted(agentCount, 'agent', 'agents')}, trust root ${rootVersion}, epoch ${epoch}`
  return ['', `site ${siteId}: ${what}`, `  sallyport hub confirm ${confirmCode}`]
}
