// SPDX-License-Identifier: Apache-2.0
/** Backs a hub up. */
import { resolve } from 'node:path'
import type { HubPlace } from '@sallyport/hub'
import { isCodedError } from '@sallyport/sdk'
import { fileExists } from '../output/file-exists.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted, size } from '../output/words.ts'

/** Writes the backup and says what is in it. Throws: ERR_FILE_EXISTS, ERR_HUB_DATABASE, ERR_HUB_SCHEMA_NEWER. */
export async function hubBackup(talk: Talk, place: HubPlace, out: string): Promise<void> {
  const { backupHub } = await import('@sallyport/hub')
  const file = resolve(out)
  const made = await waiting(talk, 'writing the backup', () => backupHub(place, file)).catch(
    (error: unknown) => {
      throw isCodedError(error) && error.code === 'EEXIST' ? fileExists(file) : error
    },
  )
  const { madeAt, siteCount, agentCount, rowCount, byteCount } = made
  const document = {
    format: 'sallyport.hub-backup/1',
    file,
    madeAt,
    siteCount,
    agentCount,
    rowCount,
    sizeBytes: byteCount,
  }
  talk.answer(document, () => {
    const what = `${counted(siteCount, 'site', 'sites')}, ${counted(agentCount, 'agent', 'agents')}`
    return `${talk.paint.good('written')} ${file}: ${what}, ${size(byteCount)}`
  })
}
