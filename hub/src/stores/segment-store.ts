// SPDX-License-Identifier: Apache-2.0
/** Segments of the agents' logs: leaf hashes for ever, sealed entries while there is room. */
import type { AuditSegment } from '@sallyport/core/transport'
import type { HubDatabase, HubTransaction } from './database.ts'
import type { MailboxOwner } from './envelope-writes.ts'
import { countFitting } from './page-sizes.ts'
import type { AgentLogRow, AuditSegmentRow } from './tables.ts'

/** Whose log, and which epoch of it. */
export type LogName = MailboxOwner & { readonly epoch: number }

/** Segments in one page. */
const MAX_PAGE_SEGMENTS = 64
/** A leaf hash in an answer, with its quotes and comma. Units: bytes. */
const LEAF_HASH_TEXT = 46

/** The leaf hashes that are kept from `from` (included) to `to` (excluded). */
export async function readLeafHashes(
  db: HubDatabase,
  log: LogName,
  { from, to }: { from: number; to: number },
): Promise<string[]> {
  const rows = await ofLog(db, log)
    .select(['from_index', 'leaf_hashes'])
    .where('from_index', '<', to)
    .where(({ eb, ref }) => eb(eb(ref('from_index'), '+', ref('entry_count')), '>', from))
    .orderBy('from_index')
    .execute()
  return rows.flatMap((row) => {
    const at = Number(row.from_index)
    return row.leaf_hashes.split('\n').slice(Math.max(from - at, 0), Math.max(to - at, 0))
  })
}

/** Adds a segment and says how far the log is stored now. */
export async function putSegment(
  db: HubTransaction,
  log: LogName,
  segment: AuditSegment,
  frontier: string,
): Promise<void> {
  const parts = segment.parts.map(({ sealed }) => sealed).join('\n')
  const row: AuditSegmentRow = {
    site_id: log.siteId,
    agent_id: log.agentId,
    epoch: log.epoch,
    from_index: segment.from,
    entry_count: segment.leafHashes.length,
    part_bytes: parts.length,
    leaf_hashes: segment.leafHashes.join('\n'),
    parts,
  }
  await db.insertInto('audit_segments').values(row).execute()
  await db
    .updateTable('agent_logs')
    .set(({ eb }) => ({
      stored_size: segment.from + row.entry_count,
      frontier,
      part_bytes: eb('part_bytes', '+', row.part_bytes),
    }))
    .where('site_id', '=', log.siteId)
    .where('agent_id', '=', log.agentId)
    .where('epoch', '=', log.epoch)
    .execute()
}

/** Lets the sealed entries of an agent's oldest segments go until the rest is within the bound. Their hashes stay. */
export async function makeRoom(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  maxBytes: number,
): Promise<void> {
  for (let over = (await partBytes(db, { siteId, agentId })) - maxBytes; over > 0;) {
    const oldest = await db
      .selectFrom('audit_segments')
      .select(['epoch', 'from_index', 'part_bytes'])
      .where('site_id', '=', siteId)
      .where('agent_id', '=', agentId)
      .where('part_bytes', '>', 0)
      .orderBy('epoch')
      .orderBy('from_index')
      .limit(1)
      .executeTakeFirst()
    if (oldest === undefined) return
    await emptySegment(db, { siteId, agentId }, oldest)
    over -= Number(oldest.part_bytes)
  }
}

/** A page of segments that begin at or after an index; one at least, where there is any. */
export async function readSegments(
  db: HubDatabase,
  log: LogName,
  { from, maxBytes }: { from: number; maxBytes: number },
): Promise<{ rows: AuditSegmentRow[]; nextFrom: number | null }> {
  const sizes = await ofLog(db, log)
    .select(['from_index', 'entry_count', 'part_bytes'])
    .where('from_index', '>=', from)
    .orderBy('from_index')
    .limit(MAX_PAGE_SEGMENTS + 1)
    .execute()
  const lengths = sizes.map((row) => 2 * row.part_bytes + row.entry_count * LEAF_HASH_TEXT)
  const count = countFitting(lengths.slice(0, MAX_PAGE_SEGMENTS), maxBytes)
  const [first, last] = [sizes[0], sizes[count - 1]]
  if (first === undefined || last === undefined) return { rows: [], nextFrom: null }
  const rows = await ofLog(db, log)
    .selectAll()
    .where('from_index', '>=', first.from_index)
    .where('from_index', '<=', last.from_index)
    .orderBy('from_index')
    .execute()
  const next = sizes[count]
  return { rows, nextFrom: next === undefined ? null : Number(next.from_index) }
}

/** Sealed text kept of all epochs of an agent's log. */
async function partBytes(db: HubTransaction, { siteId, agentId }: MailboxOwner): Promise<number> {
  const { bytes } = await db
    .selectFrom('agent_logs')
    .select(({ fn }) => fn.sum<number>('part_bytes').as('bytes'))
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .executeTakeFirstOrThrow()
  return Number(bytes ?? 0)
}

async function emptySegment(
  db: HubTransaction,
  { siteId, agentId }: MailboxOwner,
  segment: Pick<AuditSegmentRow, 'epoch' | 'from_index' | 'part_bytes'>,
): Promise<void> {
  await db
    .updateTable('audit_segments')
    .set({ parts: '', part_bytes: 0 })
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .where('epoch', '=', segment.epoch)
    .where('from_index', '=', segment.from_index)
    .execute()
  await db
    .updateTable('agent_logs')
    .set(({ eb }) => ({ part_bytes: eb('part_bytes', '-', segment.part_bytes) }))
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .where('epoch', '=', segment.epoch)
    .execute()
}

function ofLog(db: HubDatabase, { siteId, agentId, epoch }: LogName) {
  return db
    .selectFrom('audit_segments')
    .where('site_id', '=', siteId)
    .where('agent_id', '=', agentId)
    .where('epoch', '=', epoch)
}

/** A segment as the contract shows it. */
export function viewSegment(row: AuditSegmentRow): AuditSegment {
  const texts = row.parts === '' ? [] : row.parts.split('\n')
  return {
    from: Number(row.from_index),
    leafHashes: row.leaf_hashes.split('\n'),
    parts: texts.map((sealed) => ({ sealed })),
  }
}

/** How far an agent's log is stored, by its row. */
export function logNameOf(row: AgentLogRow): LogName {
  return { siteId: row.site_id, agentId: row.agent_id, epoch: Number(row.epoch) }
}
