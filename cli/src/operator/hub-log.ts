// SPDX-License-Identifier: Apache-2.0
/** The hub's own log as this person saw it last: it may only grow, under one key. */
import { join } from 'node:path'
import { hubSizeOf, judgeGrowth } from '@sallyport/core/audit'
import type { CopyFault } from '@sallyport/core/audit'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { HubHead } from '@sallyport/core/transport'
import { z } from 'zod'
import type { Home } from '../home.ts'
import type { Operator } from './operator.ts'
import { readRecord, writeRecord } from './records.ts'

/** The head of the hub's own log that this person saw last. */
const HubRecord = z.strictObject({
  format: z.literal('sallyport-hub-head-1'),
  /** Ed25519 key of the hub, as it showed it first or as the trust root names it. */
  key: z.string(),
  note: z.string().max(4_096),
  /** How often the hub had been restored by then. */
  epoch: z.int().min(1).optional(),
})

/**
 * Holds the hub's own log to only grow since this person saw it last.
 *
 * Why a restored hub is named once, and then held to what it has: its log lacks what came after the backup, for ever.
 */
export async function holdHub({
  home,
  hub,
  site,
}: Pick<Operator, 'home' | 'hub' | 'site'>): Promise<{
  readonly key: string
  /** What the hub showed now. */
  readonly head: HubHead
  readonly faults: CopyFault[]
}> {
  const path = hubRecordOf(home)
  const known = await readRecord(path, HubRecord)
  const named = site.root.root.keys.find(({ role }) => role === 'hub')?.signingKey
  const held = known && { key: decodeBase64url(known.key), note: known.note }
  const head = await hub.readHubHead(hubSizeOf(held))
  const key = named ?? known?.key ?? head.key
  const why = doubtOf(head, { key, old: known?.key === key ? known.note : undefined })
  const { epoch } = await hub.readEpoch()
  const isRestored = known !== undefined && epoch > (known.epoch ?? 1)
  if (why === undefined || isRestored) {
    const seen = { format: 'sallyport-hub-head-1' as const, key, note: head.note, epoch }
    await writeRecord(path, HubRecord, seen)
  }
  if (why === undefined) return { key, head, faults: [] }
  const restored = isRestored ? `it was restored from a backup (epoch ${epoch}): ` : ''
  return { key, head, faults: [{ liar: 'hub', why: `${restored}${why}` }] }
}

function doubtOf(
  { key: shown, note, consistency }: HubHead,
  { key, old }: { key: string; old: string | undefined },
): string | undefined {
  if (shown !== key) return 'it signs with another key than before'
  return judgeGrowth(decodeBase64url(key), { old, note, path: consistency.map(decodeBase64url) })
}

function hubRecordOf(home: Home): string {
  return join(home.operator.folder, 'hub-head.json')
}
