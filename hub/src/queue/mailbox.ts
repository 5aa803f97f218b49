// SPDX-License-Identifier: Apache-2.0
/** The agents' side of the queue: take what waits, answer what was taken. */
import { WIRE, type Delivery } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { randomUUID } from 'node:crypto'
import { expectServed } from '../agents/lives.ts'
import type { HubLimits } from '../limits.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { EnvelopeStore } from '../stores/envelope-store.ts'
import type { LeaseTerms, MailboxOwner } from '../stores/envelope-writes.ts'
import type { EnvelopeRow } from '../stores/tables.ts'
import { envelopeSubject, mailboxSubject, pollSubject } from './subjects.ts'
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
    parts.wakeUps.onHeard((subject) => this.#polls.get(subject)?.abort())
  }

  /**
   * Takes what waits for an agent; holds while nothing does.
   *
   * Why: a second poll ends the first with nothing, at whatever hub it is held. An agent polls once at a time, so the
   * first one's connection is dead, and what went there would wait for its lease to end.
   * Throws: ERR_AGENT_REVOKED, ERR_AGENT_TWINS when that came meanwhile.
   */
  async take(agent: MailboxOwner, hold: Hold): Promise<Delivery[]> {
    const subject = pollSubject(agent.siteId, agent.agentId)
    const poll = new AbortController()
    this.#polls.get(subject)?.abort()
    this.#polls.set(subject, poll)
    this.#parts.wakeUps.tell(subject)
    try {
      const signal = AbortSignal.any([hold.signal, poll.signal])
      return await this.#hold(agent, { ...hold, signal })
    } finally {
      if (this.#polls.get(subject) === poll) this.#polls.delete(subject)
    }
  }

  /** Ends the leases of an agent: what it has not answered is delivered again. */
  async release(agent: MailboxOwner): Promise<void> {
    const { clock, envelopes, limits } = this.#parts
    await envelopes.release(agent, { asOfMs: clock.now(), leaseMs: limits.leaseMs })
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

  async #hold(agent: MailboxOwner, hold: Hold): Promise<Delivery[]> {
    const { wakeUps } = this.#parts
    const endsAt = performance.now() + hold.waitSeconds * 1_000
    using watch = wakeUps.watch(mailboxSubject(agent.siteId, agent.agentId))
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
    const expired = await envelopes.expire(agent.siteId, clock.now())
    const terms = { holder: randomUUID(), leaseMs: limits.leaseMs, maxCount: WIRE.maxDeliveries }
    const rows = await this.#takeAndHold(agent, terms)
    const changed = [...expired, ...rows.map((row) => row.envelope_id)]
    for (const id of changed) wakeUps.wake(envelopeSubject(agent.siteId, id))
    return rows.map((row) => ({ envelopeId: row.envelope_id, sealed: row.sealed }))
  }

  /**
   * Takes what is free, and takes it anew when that was long ago.
   *
   * Why: a hub that stood still in between has leases that are nearly over, or that another one has given since.
   */
  async #takeAndHold(agent: MailboxOwner, terms: LeaseTerms): Promise<EnvelopeRow[]> {
    const { envelopes } = this.#parts
    const { holder, leaseMs } = terms
    let askedAt = performance.now()
    let rows = await envelopes.take(agent, terms)
    while (rows.length > 0 && performance.now() - askedAt > leaseMs / 2) {
      askedAt = performance.now()
      const held = rows.map((row) => ({
        envelopeId: row.envelope_id,
        holder,
        token: row.delivery_count,
      }))
      rows = await envelopes.renew(agent, held, leaseMs)
    }
    return rows
  }

  async #untilLeaseEnds({ siteId, agentId }: MailboxOwner): Promise<number> {
    const { clock, envelopes, limits } = this.#parts
    const end = await envelopes.nextLeaseEnd(siteId, agentId)
    if (end === undefined) return Infinity
    return Math.min(Math.max(end - clock.now(), 1), limits.leaseMs)
  }
}
