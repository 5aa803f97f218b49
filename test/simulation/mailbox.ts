// SPDX-License-Identifier: Apache-2.0
/** A model of the hub: the contract of its mailboxes and nothing else. What it holds can be set back to an older copy. */
import { WIRE, type Delivery } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Timeline } from './timeline.ts'

/** An envelope as the hub holds it. Units: milliseconds since the beginning of the run. */
export interface HeldEnvelope {
  readonly envelopeId: string
  readonly agentId: string
  readonly sealed: string
  readonly queuedAtMs: number
  readonly expiresAtMs: number
  readonly state: 'queued' | 'delivered' | 'answered' | 'expired'
  /** Reserved until then; 0 while never delivered. */
  readonly leaseUntilMs: number
  readonly result: string | undefined
}

/** A request that is held until something waits or its time is over. */
interface HeldPoll {
  finish(deliveries: Delivery[]): void
  fail(error: Error): void
}

/** Every agent's mailbox. Nothing in it is ever changed, only replaced. */
export class Mailbox {
  /** What is durable. */
  content: ReadonlyMap<string, HeldEnvelope> = new Map()
  readonly #polls = new Map<string, HeldPoll>()
  readonly #timeline: Timeline

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  /** Queues an envelope; the same again changes nothing. Throws: ERR_ENVELOPE_CONFLICT, ERR_ENVELOPE_EXPIRED. */
  submit(given: Pick<HeldEnvelope, 'envelopeId' | 'agentId' | 'sealed' | 'expiresAtMs'>): void {
    const held = this.content.get(given.envelopeId)
    if (held !== undefined) {
      if (held.sealed === given.sealed && held.agentId === given.agentId) return
      throw new CodedError('ERR_ENVELOPE_CONFLICT', 'this envelope id is taken by other bytes')
    }
    const { nowMs } = this.#timeline
    if (given.expiresAtMs <= nowMs) throw new CodedError('ERR_ENVELOPE_EXPIRED', 'too late')
    const empty = { state: 'queued', leaseUntilMs: 0, result: undefined } as const
    this.#put({ ...given, ...empty, queuedAtMs: nowMs })
    this.#wake(given.agentId)
  }

  show(envelopeId: string): HeldEnvelope | undefined {
    this.#expire()
    return this.content.get(envelopeId)
  }

  /** Takes what waits for an agent; holds while nothing does. A second poll ends the first with nothing. */
  take(agentId: string, poll: { waitSeconds: number; again: boolean }): Promise<Delivery[]> {
    this.#polls.get(agentId)?.finish([])
    if (poll.again) this.#release(agentId)
    const found = this.#takeNow(agentId)
    if (found.length > 0) return Promise.resolve(found)
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        if (this.#polls.get(agentId) !== held) return
        this.#polls.delete(agentId)
        settle()
      }
      const held: HeldPoll = {
        finish: (deliveries) => end(() => resolve(deliveries))(),
        fail: (error) => end(() => reject(error))(),
      }
      this.#polls.set(agentId, held)
      const leases = [...this.content.values()]
        .filter((row) => row.agentId === agentId && isOpen(row) && row.leaseUntilMs > 0)
        .map((row) => row.leaseUntilMs - this.#timeline.nowMs)
      for (const ms of new Set(leases)) this.#timeline.after(ms, () => this.#wake(agentId))
      this.#timeline.after(poll.waitSeconds * 1_000, () => held.finish([]))
    })
  }

  /** Keeps an answer; the first one stands. */
  answer(
    agentId: string,
    envelopeId: string,
    sealed: string,
  ): 'stored' | 'same' | 'other' | 'unknown' {
    const row = this.content.get(envelopeId)
    if (row === undefined || row.agentId !== agentId) return 'unknown'
    if (row.result !== undefined) return row.result === sealed ? 'same' : 'other'
    this.#put({ ...row, state: 'answered', result: sealed })
    return 'stored'
  }

  /** Ends with all requests that are held. What is durable stays. */
  restart(error: Error): void {
    for (const poll of [...this.#polls.values()]) poll.fail(error)
  }

  #takeNow(agentId: string): Delivery[] {
    this.#expire()
    const { nowMs } = this.#timeline
    const leaseUntilMs = nowMs + WIRE.leaseSeconds * 1_000
    const free = [...this.content.values()]
      .filter((row) => row.agentId === agentId && isOpen(row) && row.leaseUntilMs <= nowMs)
      .toSorted((a, b) => a.queuedAtMs - b.queuedAtMs || (a.envelopeId < b.envelopeId ? -1 : 1))
      .slice(0, WIRE.maxDeliveries)
    for (const row of free) this.#put({ ...row, state: 'delivered', leaseUntilMs })
    return free.map(({ envelopeId, sealed }) => ({ envelopeId, sealed }))
  }

  #release(agentId: string): void {
    for (const row of this.content.values()) {
      const isLeased = row.agentId === agentId && isOpen(row) && row.leaseUntilMs > 0
      if (isLeased) this.#put({ ...row, leaseUntilMs: this.#timeline.nowMs })
    }
  }

  #expire(): void {
    for (const row of this.content.values()) {
      const isOver = row.state === 'queued' && row.expiresAtMs <= this.#timeline.nowMs
      if (isOver) this.#put({ ...row, state: 'expired' })
    }
  }

  #wake(agentId: string): void {
    const poll = this.#polls.get(agentId)
    if (poll === undefined) return
    const found = this.#takeNow(agentId)
    if (found.length > 0) poll.finish(found)
  }

  #put(row: HeldEnvelope): void {
    this.content = new Map(this.content).set(row.envelopeId, row)
  }
}

function isOpen({ state }: HeldEnvelope): boolean {
  return state === 'queued' || state === 'delivered'
}
