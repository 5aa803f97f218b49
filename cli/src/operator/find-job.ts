// SPDX-License-Identifier: Apache-2.0
/** Finds envelopes at the hub: by id, by the short form of an id, or page by page. */
import { Id } from '@sallyport/core/protocol'
import { hubRefusalOf } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Operator } from './operator.ts'

const PAGE_ROWS = 50
/** How far back a short id is looked for. */
const MAX_SEARCHED = 1_000

/** Newest envelopes first, as many pages as are asked for. */
export async function* envelopes(
  operator: Operator,
  agentId?: string,
): AsyncGenerator<EnvelopeView> {
  let cursor: string | undefined
  do {
    const page = await operator.hub.listEnvelopes({ agentId, cursor, limit: PAGE_ROWS })
    yield* page.envelopes
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

/** The envelope of a job id, whole or as it is shown (`0193f2ab…c21`). Throws: ERR_JOB_UNKNOWN. */
export async function findEnvelope(operator: Operator, typed: string): Promise<EnvelopeView> {
  if (Id.safeParse(typed).success) return byId(operator, typed)
  const [, head = '', tail = ''] =
    /^([0-9a-f-]{4,36})(?:(?:…|\.{2,3})([0-9a-f]{1,12}))?$/.exec(typed) ?? []
  if (head === '') throw unknownJob(typed, 'it is not a job id')
  const found: EnvelopeView[] = []
  let searchedCount = 0
  for await (const view of envelopes(operator)) {
    if (view.envelopeId.startsWith(head) && view.envelopeId.endsWith(tail)) found.push(view)
    if (++searchedCount === MAX_SEARCHED) break
  }
  if (found.length > 1) throw unknownJob(typed, `it fits ${found.length} jobs`)
  if (found[0] === undefined) throw unknownJob(typed, 'the hub has none that fits')
  return found[0]
}

async function byId(operator: Operator, envelopeId: string): Promise<EnvelopeView> {
  try {
    return await operator.hub.showEnvelope(envelopeId)
  } catch (error) {
    if (hubRefusalOf(error)?.status === 404)
      throw unknownJob(envelopeId, 'the hub has none of this id')
    throw error
  }
}

function unknownJob(typed: string, why: string): Problem {
  return new Problem('ERR_JOB_UNKNOWN', `no job ${JSON.stringify(typed)}: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'See the jobs:',
    commands: ['sallyport job list'],
  })
}
