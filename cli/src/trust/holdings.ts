// SPDX-License-Identifier: Apache-2.0
/** Which version of the trust root each agent holds, as far as it has signed that it took it. */
import { join } from 'node:path'
import { Id, Instant } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { readRecord, readRecords, writeRecord } from '../operator/records.ts'

const FOLDER = 'root-holdings'

/** What is known of one agent. */
export const Holding = z.strictObject({
  format: z.literal('sallyport-root-holding-1'),
  agentId: Id,
  /** Newest version that it signed to have taken; null when it has signed nothing yet. */
  version: z.int().min(1).nullable(),
  at: Instant.nullable(),
  /** Versions that lie at the hub for it and have no verified answer yet. */
  sent: z
    .array(z.strictObject({ version: z.int().min(1), envelopeId: Id, digest: z.string().max(80) }))
    .max(64),
})
export type Holding = z.infer<typeof Holding>

/** What is known of an agent; nothing as long as nothing was sent to it. */
export async function holdingOf(home: Home, agentId: string): Promise<Holding> {
  const known = await readRecord(pathOf(home, agentId), Holding)
  return known ?? { format: 'sallyport-root-holding-1', agentId, version: null, at: null, sent: [] }
}

/** Everything that is known, by agent. */
export async function readHoldings(home: Home): Promise<Map<string, Holding>> {
  const holdings = await readRecords(join(home.operator.folder, FOLDER), Holding)
  return new Map(holdings.map((holding) => [holding.agentId, holding]))
}

/** Keeps what is known of an agent. */
export async function keepHolding(home: Home, holding: Holding): Promise<void> {
  await writeRecord(pathOf(home, holding.agentId), Holding, holding)
}

function pathOf(home: Home, agentId: string): string {
  return join(home.operator.folder, FOLDER, `${agentId}.json`)
}
