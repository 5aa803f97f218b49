// SPDX-License-Identifier: Apache-2.0
/** Whether the hub still holds what it has shown this person before: an older database, or another one, does not. */
import { openRoot } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { holdHub } from './hub-log.ts'
import type { Operator } from './operator.ts'

/** One thing that does not fit. */
export interface HubFault {
  readonly what: 'log' | 'trust root'
  readonly why: string
}

/** Everything that does not fit. Trust: the hub's word against what it signed, and against what root holders signed. */
export async function hubFaults(
  operator: Pick<Operator, 'home' | 'hub' | 'site'>,
): Promise<HubFault[]> {
  const { faults } = await holdHub(operator)
  const older = await rootFault(operator)
  const inLog = faults.map(({ why }): HubFault => ({ what: 'log', why }))
  return older === undefined ? inLog : [...inLog, { what: 'trust root', why: older }]
}

/** Why asked for the version that is held: a hub that was set back has none of it, and says so to everybody. */
async function rootFault({
  hub,
  site,
}: Pick<Operator, 'hub' | 'site'>): Promise<string | undefined> {
  const { root, digest } = site.root
  const [shown] = await hub.readTrustRoots(root.version)
  if (shown === undefined) return `it has none of version ${root.version}, which stands`
  if (digestIn(shown) === digest) return undefined
  return `it has another version ${root.version} than the one that stands`
}

function digestIn(envelope: string): string | undefined {
  try {
    return openRoot(decodeBase64url(envelope)).digest
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}
