// SPDX-License-Identifier: Apache-2.0
/** What operators decide about agents, and what two programs with one identity decide for themselves. */
import type { AgentStanding } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { mailboxSubject } from '../queue/subjects.ts'
import type { WakeUps } from '../queue/wake-ups.ts'
import type { AgentLives, Meeting, ProgramStart } from '../stores/agent-lives.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'

/** What the lives of agents need. */
export interface LivesParts {
  readonly clock: Clock
  readonly store: AgentLives
  readonly wakeUps: WakeUps
}

/** Decides how agents stand. Whoever holds a poll of one is woken, so that it ends at once. */
export class Lives {
  readonly #parts: LivesParts

  constructor(parts: LivesParts) {
    this.#parts = parts
  }

  /** Lets in an agent that waits with this key. Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_STANDING. */
  async confirm(agent: MailboxOwner, signingKey: string): Promise<void> {
    const { store, clock } = this.#parts
    expectNothing(await store.confirm(agent, signingKey, clock.now()))
  }

  /** Sends an agent away for good. Throws: ERR_AGENT_UNKNOWN. */
  async revoke(agent: MailboxOwner): Promise<void> {
    const { store, clock } = this.#parts
    expectNothing((await store.revoke(agent, clock.now())) ? undefined : 'unknown')
    this.#wake(agent)
  }

  /** Lets an agent go on that was stopped because two ran. Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_STANDING. */
  async release(agent: MailboxOwner): Promise<void> {
    const { store, clock } = this.#parts
    expectNothing(await store.release(agent, clock.now()))
  }

  /** Notes which start of an agent's program opens a session, and what that means. */
  async meet(agent: MailboxOwner, start: Omit<ProgramStart, 'nowMs'>): Promise<Meeting> {
    const { store, clock } = this.#parts
    const meeting = await store.meet(agent, { ...start, nowMs: clock.now() })
    if (meeting === 'twins') this.#wake(agent)
    return meeting
  }

  #wake({ siteId, agentId }: MailboxOwner): void {
    this.#parts.wakeUps.wake(mailboxSubject(siteId, agentId))
  }
}

/** What an agent is told that is not served. Throws: ERR_AGENT_REVOKED, ERR_AGENT_TWINS. */
export function expectServed(standing: AgentStanding): void {
  if (standing === 'twins') {
    throw new CodedError('ERR_AGENT_TWINS', 'two programs ran with the identity of this agent')
  }
  if (standing !== 'active') {
    throw new CodedError('ERR_AGENT_REVOKED', 'this agent was sent away')
  }
}

function expectNothing(against: 'unknown' | 'other' | undefined): void {
  if (against === 'unknown') throw new CodedError('ERR_AGENT_UNKNOWN', 'there is no such agent')
  if (against === 'other') {
    throw new CodedError('ERR_AGENT_STANDING', 'the agent does not stand as this needs it')
  }
}
