// SPDX-License-Identifier: Apache-2.0
/** A mailbox of a hub that stands still between taking envelopes and handing them out. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { HUB_LIMITS } from '../../src/limits.ts'
import { Mailbox } from '../../src/queue/mailbox.ts'
import { WakeUps } from '../../src/queue/wake-ups.ts'
import { AgentStore } from '../../src/stores/agent-store.ts'
import { EnvelopeStore } from '../../src/stores/envelope-store.ts'
import { ownClock } from '../../src/stores/store-clock.ts'
import { addEnvelope, addSite, openStores, type StoreOfHub } from '../support/stores.ts'
import { endPostgres } from '../support/postgres.ts'

afterAll(endPostgres)

const LEASE_MS = 500
const NEVER = new AbortController().signal

/** Stands still after each first taking. */
class StandingStore extends EnvelopeStore {
  standStill: () => Promise<unknown> = () => Promise.resolve()

  override async take(...args: Parameters<EnvelopeStore['take']>) {
    const rows = await super.take(...args)
    await this.standStill()
    return rows
  }
}

describe('a hub that stood still with envelopes in its hand', () => {
  let scope: AsyncDisposableStack
  let store: StoreOfHub
  let standing: StandingStore
  let mailbox: Mailbox
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    ;[store] = await openStores('SQLite', scope)
    standing = new StandingStore(store.db, store.writes, ownClock(store.clock))
    mailbox = new Mailbox({
      clock: store.clock,
      limits: { ...HUB_LIMITS, leaseMs: LEASE_MS },
      envelopes: standing,
      wakeUps: new WakeUps(),
      agents: new AgentStore(store.db, store.writes),
    })
  })
  afterEach(() => scope.disposeAsync())
  const poll = (agent: { siteId: string; agentId: string }) =>
    mailbox.take(agent, { waitSeconds: 0, signal: NEVER })

  it('hands out none that another has taken since', async () => {
    const { agents } = await addSite(store)
    const agent = agents[0]!
    const id = await addEnvelope(store, agent)
    standing.standStill = async () => {
      await sleep(LEASE_MS + 50)
      const terms = { holder: randomUUID(), leaseMs: LEASE_MS, maxCount: 16 }
      const taken = await store.envelopes.take(agent, terms)
      expect(taken.map((row) => row.envelope_id)).toEqual([id])
    }
    expect(await poll(agent)).toEqual([])
  })

  it('hands out what is still its own, for a whole lease from then on', async () => {
    const { agents } = await addSite(store)
    const agent = agents[0]!
    const envelopeId = await addEnvelope(store, agent)
    standing.standStill = () => sleep(LEASE_MS + 50)
    expect(await poll(agent)).toEqual([{ envelopeId, sealed: 'sealed' }])
    const row = await store.envelopes.find(agent.siteId, envelopeId)
    expect(row!.lease_until - store.clock.now()).toBeGreaterThan(0)
    expect(row!.delivery_count).toBe(1)
  })
})
