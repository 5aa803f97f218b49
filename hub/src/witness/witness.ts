// SPDX-License-Identifier: Apache-2.0
/** The hub as witness: takes the heads of agents' logs, each after the one before, and signs what it saw. */
import {
  auditOrigin,
  cosignCheckpoint,
  parseCheckpoint,
  verifyCheckpoint,
} from '@sallyport/core/audit'
import type { SigningKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import type { HubHead, WitnessedHead } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { randomBytes } from 'node:crypto'
import type { HubLimits } from '../limits.ts'
import type { Principal } from '../sessions/principals.ts'
import { findAgentLog, putFork, putHead, type HeadRow } from '../stores/agent-log-store.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { HubDatabase, HubTransaction } from '../stores/database.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'
import { lock, siteLock } from '../stores/locks.ts'
import type { SeenHeads } from '../stores/retention-seen-heads.ts'
import { appendToSiteLog } from '../stores/site-log.ts'
import { WITNESS_SEED_BYTES, type WitnessKeyStore } from '../stores/witness-key-store.ts'
import type { Writes } from '../stores/writes.ts'
import { readHubHead } from './hub-log.ts'
import { judgeHead, type HeadJudgement, type ShownHead } from './judge-head.ts'

/** What the witness needs. */
export interface WitnessParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly db: HubDatabase
  readonly writes: Writes
  readonly agents: AgentStore
  readonly keys: WitnessKeyStore
  readonly seenHeads: SeenHeads
}

/** A head as an agent sends it. */
export interface HeadSubmission {
  readonly note: string
  readonly oldSize: number
  readonly consistency: readonly string[]
}

interface Judged {
  readonly judgement: HeadJudgement
  /** The head that is held after the judgement; none when nothing ever was. */
  readonly held: HeadRow | undefined
}

/** Witnesses heads. */
export class Witness {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /**
   * Takes a head that continues the one witnessed last, and signs it. The same head again gives the same answer.
   *
   * Trust: the note must be signed by the key that this agent was enrolled with, for its own log. Where two heads prove a
   * fork, both notes are kept and the hub's log has an entry, before it is refused.
   * Throws: ERR_AUDIT_HEAD, ERR_AUDIT_BEHIND, ERR_AUDIT_FORK.
   */
  async witness(agent: MailboxOwner, submission: HeadSubmission): Promise<WitnessedHead> {
    const shown = await this.#read(agent, submission)
    const key = await this.#key(agent.siteId)
    const { judgement, held } = await this.#parts.writes.run(
      (db) => this.#judge(db, { agent, shown, note: submission.note, key }),
      siteLock(agent.siteId),
    )
    if (judgement === 'fork') throw notGrown('ERR_AUDIT_FORK', shown, held)
    if (judgement === 'behind' || held === undefined) {
      throw notGrown('ERR_AUDIT_BEHIND', shown, held)
    }
    return viewHead(held)
  }

  /** The newest witnessed head of an agent's log. */
  async head(agent: MailboxOwner): Promise<WitnessedHead | null> {
    const held = await findAgentLog(this.#parts.db, agent)
    return held === undefined ? null : viewHead(held)
  }

  /** The head of the hub's own log of a site, shown to begin with that of a size. */
  async hubHead(
    { siteId, keyId }: Pick<Principal, 'siteId' | 'keyId'>,
    knownSize: number,
  ): Promise<HubHead> {
    const key = await this.#key(siteId)
    const head = await readHubHead(this.#parts.db, { siteId, key }, knownSize)
    const { size: answered } = parseCheckpoint(head.note)
    this.#parts.seenHeads.note({ siteId, keyId, shown: knownSize, answered })
    return head
  }

  async #read(agent: MailboxOwner, { note, oldSize, consistency }: HeadSubmission) {
    const row = await this.#parts.agents.find(agent.siteId, agent.agentId)
    const signingKey = decodeBase64url(row?.signing_key ?? '')
    const verdict = verifyCheckpoint(note, auditOrigin(agent.agentId), signingKey)
    if (!verdict.ok) throw unfit(verdict.why)
    const { size, root } = verdict.checkpoint
    if (size === 0) throw unfit('it is of a log without entries')
    if (parseCheckpoint(note).note.signatures.length > 1) throw unfit('others have signed it too')
    const path = consistency.map(decodeBase64url)
    return { epoch: verdict.epoch, size, root, oldSize, consistency: path }
  }

  async #judge(
    db: HubTransaction,
    head: {
      agent: MailboxOwner
      shown: ShownHead
      note: string
      key: SigningKey
    },
  ): Promise<Judged> {
    const { agent, shown, note, key } = head
    const nowMs = this.#parts.clock.now()
    await lock(db, siteLock(agent.siteId))
    const held = await findAgentLog(db, agent)
    const judgement = judgeHead(
      held && { ...headOf(held), root: decodeBase64url(held.root) },
      shown,
    )
    if (judgement === 'fork' && held !== undefined) await this.#noteFork(db, head, held)
    if (judgement !== 'new' && judgement !== 'grows') return { judgement, held }
    const { epoch, size } = shown
    const root = encodeBase64url(shown.root)
    const cosigned = cosignCheckpoint(note, { key, atMs: nowMs })
    const row = { epoch, size, root, note: cosigned, witnessed_at: nowMs }
    await putHead(db, agent, row)
    const { siteId, agentId } = agent
    await appendToSiteLog(db, siteId, { event: 'agent.head', agentId, epoch, size, root }, nowMs)
    return { judgement, held: row }
  }

  async #noteFork(
    db: HubTransaction,
    { agent, shown, note }: { agent: MailboxOwner; shown: ShownHead; note: string },
    held: HeadRow,
  ): Promise<void> {
    const { siteId, agentId } = agent
    const nowMs = this.#parts.clock.now()
    const notes = { shown_note: note, held_note: held.note, seen_at: nowMs }
    const row = { site_id: siteId, agent_id: agentId, ...notes }
    if (!(await putFork(db, row, this.#parts.limits.forksPerAgent))) return
    const root = encodeBase64url(shown.root)
    const { epoch: heldEpoch, size: heldSize } = headOf(held)
    const pair = { epoch: shown.epoch, size: shown.size, root, heldEpoch, heldSize }
    const event = { event: 'agent.fork', agentId, ...pair, heldRoot: held.root } as const
    await appendToSiteLog(db, siteId, event, nowMs)
  }

  #key(siteId: string): Promise<SigningKey> {
    const { keys, clock } = this.#parts
    return keys.load(siteId, () => randomBytes(WITNESS_SEED_BYTES), clock.now())
  }
}

/** A head as the contract shows it. */
export function viewHead(row: HeadRow): WitnessedHead {
  const { size, note, witnessed_at: witnessedAt } = row
  return { size: Number(size), note, witnessedAt: instantOf(Number(witnessedAt)) }
}

/** Why: some databases give their large integers as text. */
function headOf({ epoch, size }: HeadRow): { epoch: number; size: number } {
  return { epoch: Number(epoch), size: Number(size) }
}

function notGrown(
  code: 'ERR_AUDIT_FORK' | 'ERR_AUDIT_BEHIND',
  shown: ShownHead,
  held: HeadRow | undefined,
): CodedError {
  const sizes = `${shown.size} entries in epoch ${shown.epoch} are shown`
  const heldSizes = `${held?.size ?? 0} in epoch ${held?.epoch ?? 0} were witnessed`
  const why = `the head does not grow from the one that is held: ${sizes}, ${heldSizes}`
  return new CodedError(code, why)
}

function unfit(why: string): CodedError<'ERR_AUDIT_HEAD'> {
  return new CodedError('ERR_AUDIT_HEAD', `this is no head of this agent's log: ${why}`)
}
