// SPDX-License-Identifier: Apache-2.0
/** The agents that this operator sent away: a hub that is restored from a backup of before has to be told again. */
import { join } from 'node:path'
import { Id, Instant, Name } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { isPinned, readAgents } from './agents.ts'
import type { AgentRecord } from './agents.ts'
import { readRecords, writeRecord } from './records.ts'

/** One of them. */
export const RevokedAgent = z.strictObject({
  format: z.literal('sallyport-revoked-agent-1'),
  agentId: Id,
  name: Name,
  revokedAt: Instant,
})
export type RevokedAgent = z.infer<typeof RevokedAgent>

/** Keeps one. */
export async function keepRevokedAgent(home: Home, revoked: RevokedAgent): Promise<void> {
  await writeRecord(join(folderOf(home), `${revoked.agentId}.json`), RevokedAgent, revoked)
}

/**
 * Ids of all agents that are nobody any more: those this operator sent away, those of which a colleague's roster says so, and
 * those whose place a later agent of their name has taken.
 */
export async function revokedAgentIds(home: Home): Promise<string[]> {
  const kept = await readRecords(folderOf(home), RevokedAgent)
  const records = await readAgents(home)
  const gone = records.filter(
    (each) => each.revokedAt !== undefined || records.some((other) => hasReplaced(other, each)),
  )
  return [...new Set([...kept, ...gone].map(({ agentId }) => agentId))]
}

function hasReplaced(other: AgentRecord, each: AgentRecord): boolean {
  return isPinned(other) && other.name === each.name && other.codeMadeAt > each.codeMadeAt
}

function folderOf(home: Home): string {
  return join(home.operator.folder, 'revoked-agents')
}
