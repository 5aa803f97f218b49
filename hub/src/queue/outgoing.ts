// SPDX-License-Identifier: Apache-2.0
/** The people's side of the queue: submit envelopes, watch them until they are answered. */
import { epochMs, instantOf } from '@sallyport/core/protocol'
import type { EnvelopeState, EnvelopeView } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Principal, Principals } from '../sessions/principals.ts'
import type { AnsweredEnvelope } from '../stores/envelope-store.ts'
import type { NewEnvelope } from '../stores/envelope-writes.ts'
import type { EnvelopeRow } from '../stores/tables.ts'
import type { Hold, QueueParts } from './mailbox.ts'
import { envelopeSubject, mailboxSubject } from './subjects.ts'
import { viewEnvelope } from './views.ts'

/** An envelope as it comes in. */
export interface Submission {
  readonly envelopeId: string
  readonly agentId: string
  readonly sealed: string
  readonly expiresAt: string
}

/** What a person learns of a submission. */
export interface Receipt {
  readonly envelopeId: string
  readonly state: EnvelopeState
  readonly queuedAt: string
}

/** What this side of the queue is made of. */
export interface OutgoingParts extends QueueParts {
  readonly principals: Principals
}

/** Envelopes on their way out. */
export class Outgoing {
  readonly #parts: OutgoingParts
  readonly #held = new Map<string, number>()

  constructor(parts: OutgoingParts) {
    this.#parts = parts
  }

  /**
   * Queues an envelope. The same bytes again give the same receipt, brought up to date.
   *
   * Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_STANDING, ERR_ENVELOPE_CONFLICT, ERR_ENVELOPE_EXPIRED, ERR_QUEUE_FULL.
   */
  async submit(siteId: string, submission: Submission): Promise<Receipt> {
    const { agents, clock, envelopes, limits, wakeUps } = this.#parts
    const { envelopeId, agentId, sealed } = submission
    const agent = await agents.find(siteId, agentId)
    if (agent === undefined) throw new CodedError('ERR_AGENT_UNKNOWN', 'there is no such agent')
    if (agent.standing === 'revoked') {
      throw new CodedError('ERR_AGENT_STANDING', 'this agent was sent away')
    }
    const envelope: NewEnvelope = {
      site_id: siteId,
      envelope_id: envelopeId,
      agent_id: agentId,
      sealed,
      expires_at: epochMs(submission.expiresAt),
    }
    const caps = { perAgent: limits.openPerAgent, perSite: limits.openPerSite }
    const { added, row } = await envelopes.add(envelope, caps, clock.now())
    if (!added) refuseOtherBytes(row, envelope)
    // Also when it was there before: nobody may have been told of it then.
    if (row.state === 'queued') wakeUps.wake(mailboxSubject(siteId, agentId))
    return { envelopeId, state: row.state, queuedAt: instantOf(row.queued_at) }
  }

  /**
   * Shows an envelope; holds while its state is `unless`.
   *
   * Throws: ERR_ENVELOPE_UNKNOWN, ERR_TOO_MANY_WAITS; ERR_SESSION when their key has ended meanwhile.
   */
  async show(
    person: Principal,
    envelopeId: string,
    hold: Hold & { unless?: EnvelopeState | undefined },
  ): Promise<EnvelopeView> {
    using _place = this.#takePlace(person, hold.waitSeconds)
    return viewEnvelope(await this.#hold(person, envelopeId, hold))
  }

  /** Marks what has expired at a site, and tells who waits for it. */
  async expire(siteId: string): Promise<void> {
    const { clock, envelopes, wakeUps } = this.#parts
    const ids = await envelopes.expire(siteId, clock.now())
    for (const id of ids) wakeUps.wake(envelopeSubject(siteId, id))
  }

  /** Counts a held request until it is disposed. */
  #takePlace({ keyId }: Principal, waitSeconds: number): Disposable {
    if (waitSeconds === 0) return { [Symbol.dispose]() {} }
    const held = this.#held.get(keyId) ?? 0
    if (held >= this.#parts.limits.heldPerPerson) {
      throw new CodedError('ERR_TOO_MANY_WAITS', 'too many requests of this person wait already')
    }
    this.#held.set(keyId, held + 1)
    return {
      [Symbol.dispose]: () => {
        const rest = (this.#held.get(keyId) ?? 1) - 1
        if (rest > 0) this.#held.set(keyId, rest)
        else this.#held.delete(keyId)
      },
    }
  }

  async #hold(
    person: Principal,
    envelopeId: string,
    hold: Hold & { unless?: EnvelopeState | undefined },
  ): Promise<AnsweredEnvelope> {
    const { envelopes, wakeUps } = this.#parts
    const { siteId } = person
    const endsAt = performance.now() + hold.waitSeconds * 1_000
    using watch = wakeUps.watch(envelopeSubject(siteId, envelopeId))
    for (;;) {
      await this.expire(siteId)
      const row = await envelopes.find(siteId, envelopeId)
      if (row === undefined) {
        throw new CodedError('ERR_ENVELOPE_UNKNOWN', 'there is no such envelope')
      }
      const leftMs = endsAt - performance.now()
      if (row.state !== hold.unless || leftMs <= 0 || wakeUps.isDraining) return row
      if (hold.signal.aborted) return row
      await watch.next(Math.min(leftMs, this.#untilExpiry(row)), hold.signal)
      await this.#expectStill(person)
    }
  }

  async #expectStill(person: Principal): Promise<void> {
    if (await this.#parts.principals.isStill(person)) return
    throw new CodedError('ERR_SESSION', 'the key of this session is no key of the site any more')
  }

  #untilExpiry(row: EnvelopeRow): number {
    return row.state === 'queued' ? Math.max(row.expires_at - this.#parts.clock.now(), 1) : Infinity
  }
}

function refuseOtherBytes(row: EnvelopeRow, envelope: NewEnvelope): void {
  const isSame =
    row.agent_id === envelope.agent_id &&
    row.sealed === envelope.sealed &&
    row.expires_at === envelope.expires_at
  if (isSame) return
  throw new CodedError('ERR_ENVELOPE_CONFLICT', 'this envelope id is taken by other bytes')
}
