// SPDX-License-Identifier: Apache-2.0
/** The agents' side of the queue: take what waits, answer what was taken. */
import { WIRE, type Delivery } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { expectServed } from '../agents/lives.ts'
import type { HubLimits } from '../limits.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { EnvelopeStore } from '../stores/envelope-store.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'
import { envelopeSubject, mailboxSubject } from './subjects.ts'
import type { WakeUps } from './wake-ups.ts'

/** How long a request may be held, and what ends it sooner. */
export interface Hold {
  readonly waitSeconds: number
  readonly signal: AbortSignal
}

/** What the queue is made of. */
export interface QueueParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly envelopes: EnvelopeStore
  readonly wakeUps: WakeUps
  readonly agents: AgentStore
}

/** Every agent's mailbox. */
export class Mailbox {
  readonly #parts: QueueParts
  readonly #polls = new Map<string, AbortController>()

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  /**
   * Takes what waits for an agent; holds while nothing does.
   *
   * Why: a second poll ends the first with nothing. An agent polls once at a time, so the first one's connection is dead,
   * and what went there would wait for its lease to end.
   * Throws: ERR_AGENT_REVOKED, ERR_AGENT_TWINS when that came meanwhile.
   */
  async take(agent: MailboxOwner, hold: Hold): Promise<Delivery[]> {
    const subject = mailboxSubject(agent.siteId, agent.agentId)
    const poll = new AbortController()
    this.#polls.get(subject)?.abort()
    this.#polls.set(subject, poll)
    try {
      const signal = AbortSignal.any([hold.signal, poll.signal])
      return await this.#hold(agent, subject, { ...hold, signal })
    } finally {
      if (this.#polls.get(subject) === poll) this.#polls.delete(subject)
    }
  }

  /** Ends the leases of an agent: what it has not answered is delivered again. */
  async release(agent: MailboxOwner): Promise<void> {
    await this.#parts.envelopes.release(agent, this.#parts.clock.now())
  }

  /** Keeps an agent's answer. Throws: ERR_ENVELOPE_UNKNOWN, ERR_ALREADY_ANSWERED. */
  async answer(agent: MailboxOwner, envelopeId: string, sealed: string): Promise<void> {
    const { clock, envelopes, wakeUps } = this.#parts
    const outcome = await envelopes.answer({ ...agent, envelopeId, sealed }, clock.now())
    if (outcome === 'unknown') {
      throw new CodedError('ERR_ENVELOPE_UNKNOWN', 'there is no such envelope')
    }
    if (outcome === 'other') {
      throw new CodedError('ERR_ALREADY_ANSWERED', 'this envelope has another answer already')
    }
    wakeUps.wake(envelopeSubject(agent.siteId, envelopeId))
  }

  async #hold(agent: MailboxOwner, subject: string, hold: Hold): Promise<Delivery[]> {
    const { wakeUps } = this.#parts
    const endsAt = performance.now() + hold.waitSeconds * 1_000
    using watch = wakeUps.watch(subject)
    while (!hold.signal.aborted) {
      const deliveries = await this.#takeNow(agent)
      const leftMs = endsAt - performance.now()
      if (deliveries.length > 0 || leftMs <= 0 || wakeUps.isDraining) return deliveries
      await watch.next(Math.min(leftMs, await this.#untilLeaseEnds(agent)), hold.signal)
      await this.#expectServed(agent)
    }
    return []
  }

  async #expectServed({ siteId, agentId }: MailboxOwner): Promise<void> {
    expectServed((await this.#parts.agents.find(siteId, agentId))?.standing ?? 'revoked')
  }

  async #takeNow(agent: MailboxOwner): Promise<Delivery[]> {
    const { clock, limits, envelopes, wakeUps } = this.#parts
    const nowMs = clock.now()
    const expired = await envelopes.expire(agent.siteId, nowMs)
    const leaseUntil = nowMs + limits.leaseMs
    const rows = await envelopes.take(agent, { nowMs, leaseUntil, maxCount: WIRE.maxDeliveries })
    const changed = [...expired, ...rows.map((row) => row.envelope_id)]
    for (const id of changed) wakeUps.wake(envelopeSubject(agent.siteId, id))
    return rows.map((row) => ({ envelopeId: row.envelope_id, sealed: row.sealed }))
  }

  async #untilLeaseEnds({ siteId, agentId }: MailboxOwner): Promise<number> {
    const { clock, envelopes, limits } = this.#parts
    const end = await envelopes.nextLeaseEnd(siteId, agentId)
    if (end === undefined) return Infinity
    return Math.min(Math.max(end - clock.now(), 1), limits.leaseMs)
  }
}
