// SPDX-License-Identifier: Apache-2.0
/** The agents that this operator sent away: a hub that is restored from a backup of before has to be told again. */
import { join } from 'node:path'
import { Id, Instant, Name } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
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

/** All of them. */
export async function readRevokedAgents(home: Home): Promise<RevokedAgent[]> {
  return readRecords(folderOf(home), RevokedAgent)
}

function folderOf(home: Home): string {
  return join(home.operator.folder, 'revoked-agents')
}
