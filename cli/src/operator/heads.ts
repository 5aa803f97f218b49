// SPDX-License-Identifier: Apache-2.0
/** The newest head of each agent's audit log that this operator has seen: a log cut back behind it is found out. */
import { join } from 'node:path'
import { Id } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { readRecord, writeRecord } from './records.ts'
import type { VerifiedResult } from './results.ts'

const HeadRecord = z.strictObject({
  format: z.literal('sallyport-audit-head-1'),
  agentId: Id,
  size: z.int().min(1),
  checkpoint: z.string().max(2_048),
})

/** Keeps the head under a verified answer, if it is newer than the one on record. */
export async function keepHead(
  home: Home,
  agentId: string,
  { treeSize, checkpoint }: VerifiedResult['audit'],
): Promise<void> {
  const path = pathOf(home, agentId)
  const known = await readRecord(path, HeadRecord)
  if (known !== undefined && known.size >= treeSize) return
  const record = { format: 'sallyport-audit-head-1', agentId, size: treeSize, checkpoint } as const
  await writeRecord(path, HeadRecord, record)
}

/** The newest checkpoint of an agent's audit log on record, as text. */
export async function knownHead(home: Home, agentId: string): Promise<string | undefined> {
  return (await readRecord(pathOf(home, agentId), HeadRecord))?.checkpoint
}

function pathOf(home: Home, agentId: string): string {
  return join(home.operator.heads, `${agentId}.json`)
}
