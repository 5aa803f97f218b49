// SPDX-License-Identifier: Apache-2.0
/** The copies of the agents' logs: segments follow each other and lead to the head that was witnessed. */
import { MerkleFrontier } from '@sallyport/core/audit'
import { equalBytes } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import type { AuditFork, AuditSegment, WitnessedHead } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { HubLimits } from '../limits.ts'
import { findAgentLog, readForks } from '../stores/agent-log-store.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { HubDatabase, HubTransaction } from '../stores/database.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'
import { agentLogLock, lock } from '../stores/locks.ts'
import {
  logNameOf,
  makeRoom,
  putSegment,
  readLeafHashes,
  readSegments,
  viewSegment,
} from '../stores/segment-store.ts'
import type { AgentLogRow } from '../stores/tables.ts'
import type { Writes } from '../stores/writes.ts'
import { viewHead } from './witness.ts'

/** What segments need. */
export interface SegmentsParts {
  readonly limits: HubLimits
  readonly db: HubDatabase
  readonly writes: Writes
  readonly agents: AgentStore
}

/** One page of an agent's log. */
export interface AuditPage {
  readonly segments: AuditSegment[]
  readonly head: WitnessedHead | null
  readonly nextFrom: number | null
  readonly forks: AuditFork[]
}

/** Half of what an answer may have. */
const MAX_PAGE_BYTES = 8 * 1_024 * 1_024

/** Keeps segments and shows them. */
export class Segments {
  readonly #parts: SegmentsParts

  constructor(parts: SegmentsParts) {
    this.#parts = parts
  }

  /**
   * Keeps a segment of the newest epoch of an agent's log, and returns how many entries of it are stored then.
   *
   * One that begins before that adds nothing: its hashes must be those that are stored. Sealed text differs from time to
   * time, so what came first stays.
   * Trust: where the hashes reach the witnessed size, their root is the witnessed one, or nothing is kept.
   * Throws: ERR_AUDIT_GAP, ERR_AUDIT_SEGMENT, ERR_AUDIT_QUOTA.
   */
  async store(agent: MailboxOwner, segment: AuditSegment): Promise<number> {
    return this.#parts.writes.run(async (db) => {
      await lock(db, agentLogLock(agent))
      const log = await findAgentLog(db, agent)
      if (log === undefined) throw refuse('no head of this log was witnessed yet')
      const stored = Number(log.stored_size)
      const to = segment.from + segment.leafHashes.length
      if (segment.from > stored) {
        throw new CodedError('ERR_AUDIT_GAP', `the entries from ${stored} on are not stored yet`)
      }
      if (segment.from < stored) {
        await expectStored(db, log, segment)
        return stored
      }
      if (to > log.size) throw refuse(`only ${log.size} entries were witnessed`)
      await this.#add(db, log, segment)
      return to
    }, agentLogLock(agent))
  }

  /** A page of an agent's log as people see it. Throws: ERR_AGENT_UNKNOWN. */
  async read(
    agent: MailboxOwner,
    { from, epoch }: { from: number; epoch: number | undefined },
  ): Promise<AuditPage> {
    const { agents, db } = this.#parts
    if ((await agents.find(agent.siteId, agent.agentId)) === undefined) {
      throw new CodedError('ERR_AGENT_UNKNOWN', 'there is no such agent')
    }
    const forks = (await readForks(db, agent)).map((row) => ({
      shown: row.shown_note,
      held: row.held_note,
      seenAt: instantOf(Number(row.seen_at)),
    }))
    const log = await findAgentLog(db, agent, epoch)
    if (log === undefined) return { segments: [], head: null, nextFrom: null, forks }
    const page = { from, maxBytes: MAX_PAGE_BYTES }
    const { rows, nextFrom } = await readSegments(db, logNameOf(log), page)
    return { segments: rows.map(viewSegment), head: viewHead(log), nextFrom, forks }
  }

  async #add(db: HubTransaction, log: AgentLogRow, segment: AuditSegment): Promise<void> {
    const { entriesPerAgent, segmentBytesPerAgent } = this.#parts.limits
    const tree = MerkleFrontier.fromBytes(decodeBase64url(log.frontier))
    for (const hash of segment.leafHashes) tree.append(decodeBase64url(hash))
    if (tree.size > entriesPerAgent) {
      throw new CodedError('ERR_AUDIT_QUOTA', 'as much of this log is stored as may be')
    }
    if (tree.size === Number(log.size) && !equalBytes(tree.root(), decodeBase64url(log.root))) {
      throw refuse('its hashes do not lead to the head that was witnessed')
    }
    const name = logNameOf(log)
    await putSegment(db, name, segment, encodeBase64url(tree.toBytes()))
    await makeRoom(db, name, segmentBytesPerAgent)
  }
}

async function expectStored(
  db: HubTransaction,
  log: AgentLogRow,
  { from, leafHashes }: AuditSegment,
): Promise<void> {
  const to = Math.min(from + leafHashes.length, Number(log.stored_size))
  const kept = await readLeafHashes(db, logNameOf(log), { from, to })
  if (kept.join() === leafHashes.slice(0, to - from).join()) return
  throw refuse('its hashes are not those that are stored')
}

function refuse(why: string): CodedError<'ERR_AUDIT_SEGMENT'> {
  return new CodedError('ERR_AUDIT_SEGMENT', `this segment is not taken: ${why}`)
}
