// SPDX-License-Identifier: Apache-2.0
/** Envelopes: submitted once, delivered until answered, answered once. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { WIRE } from '@sallyport/core/transport'
import { patient } from '../../test/support/patience.ts'
import { MINUTE, TestSite, refusalOf, type TestAgent } from './support/site.ts'

const UNKNOWN = '404 ERR_ENVELOPE_UNKNOWN'
const AT_ONCE = { waitSeconds: 0 }

describe('envelopes', () => {
  let site: TestSite
  let agent: TestAgent
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const take = async () => (await agent.client.takeDeliveries(AT_ONCE)).map((d) => d.envelopeId)
  const stateOf = async (id: string) => (await site.operator.showEnvelope(id)).state

  it('go from queued through delivered to answered', async () => {
    const id = await site.submit(agent, 'sealed job')
    expect(await stateOf(id)).toBe('queued')
    expect(await agent.client.takeDeliveries(AT_ONCE)).toEqual([
      { envelopeId: id, sealed: 'sealed job' },
    ])
    expect(await stateOf(id)).toBe('delivered')
    await agent.client.answerEnvelope(id, 'sealed result')
    expect(await site.operator.showEnvelope(id)).toMatchObject({
      state: 'answered',
      deliveryCount: 1,
      sealed: 'sealed job',
      result: 'sealed result',
    })
  })

  it('are delivered oldest first, sixteen at a time', async () => {
    const ids: string[] = []
    for (let count = 0; count < WIRE.maxDeliveries + 2; count += 1) {
      ids.push(await site.submit(agent))
    }
    expect(await take()).toEqual(ids.slice(0, WIRE.maxDeliveries))
    expect(await take()).toEqual(ids.slice(WIRE.maxDeliveries))
    expect(await take()).toEqual([])
  })

  it('are one row when the same bytes come a hundred times at once', async () => {
    const envelope = {
      envelopeId: randomUUIDv7(),
      agentId: agent.agentId,
      sealed: 'sealed job',
      expiresAt: site.instantIn(MINUTE),
    }
    const receipts = await Promise.all(
      Array.from({ length: 100 }, () => site.operator.submitEnvelope(envelope)),
    )
    expect(new Set(receipts.map((receipt) => JSON.stringify(receipt))).size).toBe(1)
    expect(await site.ask('select envelope_id from envelopes')).toHaveLength(1)
    expect(await take()).toEqual([envelope.envelopeId])
    expect(await take()).toEqual([])
    expect(await site.operator.submitEnvelope(envelope)).toMatchObject({ state: 'delivered' })
  })

  it('give the same receipt again when they have expired since, or the queue is full', async () => {
    await site.stop()
    await site.start({ openPerAgent: 1 })
    const { agentId } = await site.enrol()
    const expiresAt = site.instantIn(MINUTE)
    const envelope = { envelopeId: randomUUIDv7(), agentId, sealed: 'sealed job', expiresAt }
    const receipt = await site.operator.submitEnvelope(envelope)
    expect(await site.operator.submitEnvelope(envelope)).toEqual(receipt)
    site.clock.turn(2 * MINUTE)
    expect((await site.operator.submitEnvelope(envelope)).queuedAt).toBe(receipt.queuedAt)
  })

  it.each([
    ['sealed text', { sealed: 'other' }],
    ['expiry', { expiresAt: '2099-01-01T00:00:00.000Z' }],
  ])('are refused when their id is taken and the %s differs', async (_, change) => {
    const envelope = {
      envelopeId: randomUUIDv7(),
      agentId: agent.agentId,
      sealed: 'sealed job',
      expiresAt: site.instantIn(MINUTE),
    }
    await site.operator.submitEnvelope(envelope)
    const call = site.operator.submitEnvelope({ ...envelope, ...change })
    expect(await refusalOf(call)).toBe('409 ERR_ENVELOPE_CONFLICT')
  })

  it('are refused for an agent that is not there', async () => {
    const call = site.submit({ agentId: randomUUIDv7() })
    expect(await refusalOf(call)).toBe('404 ERR_AGENT_UNKNOWN')
  })

  it('are refused when they have expired already', async () => {
    const call = site.operator.submitEnvelope({
      envelopeId: randomUUIDv7(),
      agentId: agent.agentId,
      sealed: 'sealed job',
      expiresAt: site.instantIn(0),
    })
    expect(await refusalOf(call)).toBe('400 ERR_ENVELOPE_EXPIRED')
  })

  it('expire when nobody fetched them in time, and stay expired', async () => {
    const id = await site.submit(agent)
    site.clock.turn(10 * MINUTE)
    expect(await take()).toEqual([])
    expect(await stateOf(id)).toBe('expired')
    site.clock.turn(-20 * MINUTE)
    expect(await stateOf(id)).toBe('expired')
    expect(await take()).toEqual([])
  })

  it('never expire once they were delivered, and are delivered until answered', async () => {
    const id = await site.submit(agent)
    await take()
    site.clock.turn(60 * MINUTE)
    expect(await stateOf(id)).toBe('delivered')
    expect(await take()).toEqual([id])
    expect(await site.operator.showEnvelope(id)).toMatchObject({ deliveryCount: 2 })
  })

  it('are delivered again at once to an agent that has just connected', async () => {
    const id = await site.submit(agent)
    expect(await take()).toEqual([id])
    expect(await take()).toEqual([])
    const again = await agent.client.takeDeliveries({ ...AT_ONCE, again: true })
    expect(again.map((delivery) => delivery.envelopeId)).toEqual([id])
    expect(await take()).toEqual([])
  })

  it('are delivered again when their lease has ended, not sooner', async () => {
    const id = await site.submit(agent)
    expect(await take()).toEqual([id])
    site.clock.turn(55_000)
    expect(await take()).toEqual([])
    site.clock.turn(5_000)
    expect(await take()).toEqual([id])
    await agent.client.answerEnvelope(id, 'sealed result')
    site.clock.turn(2 * MINUTE)
    expect(await take()).toEqual([])
  })

  it('are not held back by a lease from before the clock went back', async () => {
    const id = await site.submit(agent)
    expect(await take()).toEqual([id])
    site.clock.turn(-60 * MINUTE)
    expect(await take()).toEqual([id])
    expect(await take()).toEqual([])
  })

  it('keep their first answer', async () => {
    const id = await site.submit(agent)
    await take()
    await agent.client.answerEnvelope(id, 'first')
    expect(await refusalOf(agent.client.answerEnvelope(id, 'first'))).toBe('nothing')
    const call = agent.client.answerEnvelope(id, 'second')
    expect(await refusalOf(call)).toBe('409 ERR_ALREADY_ANSWERED')
    expect((await site.operator.showEnvelope(id)).result).toBe('first')
  })

  it('keep one of a hundred different answers that come at once', async () => {
    const id = await site.submit(agent)
    await take()
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        refusalOf(agent.client.answerEnvelope(id, `answer ${n}`)),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'nothing')).toHaveLength(1)
    const winner = outcomes.indexOf('nothing')
    expect((await site.operator.showEnvelope(id)).result).toBe(`answer ${winner}`)
  })

  it('of one agent are unknown to another', async () => {
    const other = await site.enrol()
    const id = await site.submit(agent)
    expect(await other.client.takeDeliveries(AT_ONCE)).toEqual([])
    expect(await refusalOf(other.client.answerEnvelope(id, 'theft'))).toBe(UNKNOWN)
    const nothing = randomUUIDv7()
    expect(await refusalOf(other.client.answerEnvelope(nothing, 'theft'))).toBe(UNKNOWN)
    expect(await stateOf(id)).toBe('queued')
  })

  it('wait in limited number for each agent and each site', async () => {
    await site.stop()
    await site.start({ openPerAgent: 2, openPerSite: 3 })
    const [one, other] = [await site.enrol(), await site.enrol()]
    const first = await site.submit(one)
    await site.submit(one)
    expect(await refusalOf(site.submit(one))).toBe('429 ERR_QUEUE_FULL')
    await site.submit(other)
    expect(await refusalOf(site.submit(other))).toBe('429 ERR_QUEUE_FULL')
    await one.client.takeDeliveries(AT_ONCE)
    await one.client.answerEnvelope(first, 'done')
    expect(await refusalOf(site.submit(one))).toBe('nothing')
  })

  it('are listed newest first, each once, while new ones come', async () => {
    const ids: string[] = []
    for (let count = 0; count < 7; count += 1) ids.unshift(await site.submit(agent))
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await site.operator.listEnvelopes({ cursor, limit: 3, agentId: agent.agentId })
      seen.push(...page.envelopes.map((envelope) => envelope.envelopeId))
      cursor = page.nextCursor ?? undefined
      await site.submit(agent)
    } while (cursor !== undefined)
    expect(seen).toEqual(ids)
  })

  it('fill a page only as far as one answer reaches', async () => {
    const large = 'x'.repeat(WIRE.maxSealedResultBytes)
    for (let count = 0; count < 3; count += 1) {
      const id = await site.submit(agent)
      await take()
      await agent.client.answerEnvelope(id, large)
    }
    const page = await site.operator.listEnvelopes()
    expect(page.envelopes).toHaveLength(1)
    expect(page.nextCursor).not.toBeNull()
  })
})

describe('held requests', () => {
  let site: TestSite
  let agent: TestAgent
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const settle = (ms = 100) => new Promise((done) => setTimeout(done, ms))

  it('are answered as soon as something comes', async () => {
    const latencies: number[] = []
    for (let count = 0; count < 9; count += 1) {
      const poll = agent.client.takeDeliveries({ waitSeconds: 30 })
      await settle()
      const startedAt = performance.now()
      const id = await site.submit(agent)
      expect((await poll).map((delivery) => delivery.envelopeId)).toEqual([id])
      latencies.push(performance.now() - startedAt)
    }
    // Far below any polling interval; how far is a benchmark's matter.
    expect(latencies.toSorted((a, b) => a - b)[4]).toBeLessThan(patient(500))
  })

  it('of an operator are answered when the state changes', async () => {
    const id = await site.submit(agent)
    const watched = site.operator.showEnvelope(id, { waitSeconds: 30, unless: 'queued' })
    await settle()
    await agent.client.takeDeliveries({ waitSeconds: 0 })
    expect((await watched).state).toBe('delivered')
    const answered = site.operator.showEnvelope(id, { waitSeconds: 30, unless: 'delivered' })
    await settle()
    await agent.client.answerEnvelope(id, 'done')
    expect((await answered).state).toBe('answered')
  })

  it('of an operator are answered when the envelope expires', async () => {
    const envelopeId = randomUUIDv7()
    await site.operator.submitEnvelope({
      envelopeId,
      agentId: agent.agentId,
      sealed: 'sealed job',
      expiresAt: site.instantIn(700),
    })
    const shown = await site.operator.showEnvelope(envelopeId, {
      waitSeconds: 30,
      unless: 'queued',
    })
    expect(shown.state).toBe('expired')
  })

  it('are answered with nothing when the time is up', async () => {
    const startedAt = performance.now()
    expect(await agent.client.takeDeliveries({ waitSeconds: 1 })).toEqual([])
    expect(performance.now() - startedAt).toBeGreaterThan(900)
  })

  it('of an agent end when it polls anew', async () => {
    const first = agent.client.takeDeliveries({ waitSeconds: 30 })
    await settle()
    const second = agent.client.takeDeliveries({ waitSeconds: 30 })
    expect(await first).toEqual([])
    const id = await site.submit(agent)
    expect((await second).map((delivery) => delivery.envelopeId)).toEqual([id])
  })

  it('take nothing when the agent has hung up', async () => {
    const gone = new AbortController()
    const poll = agent.client.takeDeliveries({ waitSeconds: 30, signal: gone.signal })
    await settle()
    gone.abort()
    await expect(poll).rejects.toBeDefined()
    await settle()
    const id = await site.submit(agent)
    expect((await site.operator.showEnvelope(id)).state).toBe('queued')
  })

  it('of one operator are limited in number', async () => {
    await site.stop()
    await site.start({ heldPerPerson: 2 })
    const one = await site.enrol()
    const id = await site.submit(one)
    const wait = { waitSeconds: 30, unless: 'queued' } as const
    const calls = [1, 2, 3].map(() => refusalOf(site.operator.showEnvelope(id, wait)))
    expect(await Promise.race(calls)).toBe('429 ERR_TOO_MANY_WAITS')
    expect(await refusalOf(site.operator.showEnvelope(id))).toBe('nothing')
    await one.client.takeDeliveries({ waitSeconds: 0 })
    const outcomes = await Promise.all(calls)
    expect(outcomes.filter((outcome) => outcome === 'nothing')).toHaveLength(2)
    expect((await site.operator.showEnvelope(id, wait)).state).toBe('delivered')
  })

  it('are answered with nothing when the hub goes down, which takes no two seconds', async () => {
    const id = await site.submit(agent)
    await agent.client.takeDeliveries({ waitSeconds: 0 })
    const poll = agent.client.takeDeliveries({ waitSeconds: 50 })
    const watched = site.operator.showEnvelope(id, { waitSeconds: 50, unless: 'delivered' })
    await settle(300)
    const startedAt = performance.now()
    await site.stop()
    expect(performance.now() - startedAt).toBeLessThan(patient(2_000))
    expect(await poll).toEqual([])
    expect((await watched).state).toBe('delivered')
    await site.start()
  })
})
