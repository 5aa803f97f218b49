// SPDX-License-Identifier: Apache-2.0
/** Whether the operator of this home is whole. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { readKeyFileIdentity } from '@sallyport/core/crypto'
import { isCodedError } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readAgents } from '../operator/agents.ts'
import { readSite } from '../operator/site.ts'
import { counted } from '../output/words.ts'
import { failed, ok } from './finding.ts'
import type { Finding } from './finding.ts'

/** Looks at key file, site and records; nothing where there is no operator. */
export async function checkOperator(home: Home): Promise<Finding[]> {
  if (!existsSync(home.operator.keys) && !existsSync(home.operator.site)) return []
  try {
    const { name } = readKeyFileIdentity(await readFile(home.operator.keys))
    const site = await readSite(home)
    const agents = await readAgents(home)
    return [
      ok(
        'operator',
        `operator ${name}, site ${site.name}, ${counted(agents.length, 'agent')} on record`,
      ),
    ]
  } catch (error) {
    if (!isCodedError(error)) throw error
    const remedy =
      'put back a copy of the file, or make an operator in another home: sallyport init --home <folder>'
    return [failed('operator', error.message, { code: error.code, remedy })]
  }
}
