// SPDX-License-Identifier: Apache-2.0
/** Two hubs on one PostgreSQL and one Redis, whose clocks are ten minutes apart: nothing lost, nothing twice, whoever falls. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity } from '@sallyport/core/crypto'
import { hubRefusalOf, type HubClient } from '@sallyport/core/transport'
import { overhearList, replayAtBoth } from '../support/overheard.ts'
import { patient } from '../support/patience.ts'
import { TestPostgres } from '../support/postgres.ts'
import { TestRedis } from '../support/redis.ts'
import { Replicas, persist, redemption, submit, type BareAgent } from '../support/replicas.ts'
import { startRoundRobin, type RoundRobin } from '../support/round-robin.ts'

const MINUTE_MS = 60_000
const LEASE_MS = 5_000
/** What two hubs may differ in when they read the clock of their database, on a busy machine. */
const OFF_MS = 1_000

let postgres: TestPostgres
let database: string
let redis: TestRedis
/** Which Redis answers at the address that the hubs have of it. */
let redisPorts: number[]
let redisLine: RoundRobin
let replicas: Replicas
let operator: HubClient
beforeAll(async () => {
  postgres = await TestPostgres.start({ settings: ['deadlock_timeout = 200ms'] })
  database = await postgres.createDatabase()
  redis = await TestRedis.start()
  redisPorts = [redis.port]
  redisLine = await startRoundRobin(() => redisPorts)
  const turnedMs = [5 * MINUTE_MS, -5 * MINUTE_MS]
  const limits = { leaseMs: LEASE_MS, openPerAgent: 1_000 }
  const stores = { database, redis: redisLine.url.replace('http:', 'redis:') }
  replicas = await Replicas.open({ ...stores, turnedMs, limits })
  operator = replicas.connect(replicas.operatorIdentity)
})
afterAll(async () => {
  await replicas[Symbol.asyncDispose]()
  await redisLine[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

/** The tables, of one hub's database. */
const rows = (text: string) => postgres.query(text, new URL(database).pathname.slice(1))
/** Puts envelopes for an agent into the tables. */
function waiting(siteId: string, agentId: string, count: number): string {
  const now = Date.now()
  const values = Array.from(
    { length: count },
    () =>
      `('${siteId}', '${randomUUIDv7()}', '${agentId}', 'sealed', 'queued', ${now}, ${now + 10 * MINUTE_MS}, 0, 0)`,
  )
  const columns =
    'site_id, envelope_id, agent_id, sealed, state, queued_at, expires_at, lease_until, delivery_count'
  return `insert into envelopes (${columns}) values ${values.join()}`
}

/** What an agent did: when it asked for each envelope and when that came, by a clock that nobody turns. */
class Ledger {
  readonly #deliveries = new Map<string, { askedAt: number; cameAt: number }[]>()

  note(envelopeId: string, askedAt: number): void {
    const before = this.#deliveries.get(envelopeId) ?? []
    this.#deliveries.set(envelopeId, [...before, { askedAt, cameAt: performance.now() }])
  }

  /** Shortest time until an envelope came again. Why from the question on: the lease began later than that, however late the answer was. */
  get shortestGapMs(): number {
    const gaps = [...this.#deliveries.values()].flatMap((all) =>
      all.slice(1).map(({ cameAt }, n) => cameAt - all[n]!.askedAt),
    )
    return Math.min(Infinity, ...gaps)
  }

  get count(): number {
    return this.#deliveries.size
  }
}

/** Takes deliveries at one hub, without answering any, until so many came. */
async function takeAll(
  client: HubClient,
  ledger: Ledger,
  count: number,
  alsoIn?: Ledger,
): Promise<void> {
  while (ledger.count < count) {
    const askedAt = performance.now()
    for (const { envelopeId } of await client.takeDeliveries({ waitSeconds: 1 })) {
      ledger.note(envelopeId, askedAt)
      alsoIn?.note(envelopeId, askedAt)
    }
  }
}

/** Polls and answers until it is told to stop, like an agent whose hub may be gone for a while. */
async function work(client: HubClient, ledger: Ledger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const askedAt = performance.now()
      const deliveries = await client.takeDeliveries({ waitSeconds: 1 })
      for (const { envelopeId } of deliveries) ledger.note(envelopeId, askedAt)
      for (const { envelopeId } of deliveries) {
        await persist(() => client.answerEnvelope(envelopeId, `answer to ${envelopeId}`))
      }
    } catch {
      await sleep(50)
    }
  }
}

/** What a hub refused with. */
async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return 'nothing'
  } catch (error) {
    return hubRefusalOf(error)?.code
  }
}

/** Waits until a Redis has what the other has. */
async function copied(standby: TestRedis): Promise<void> {
  const sizes = async () => [await redis.command('DBSIZE'), await standby.command('DBSIZE')]
  for (let [one, other] = await sizes(); one !== other || other === 0; [one, other] = await sizes())
    await sleep(50)
}

async function stateOf(ids: readonly string[]): Promise<Record<string, number>> {
  const list = ids.map((id) => `'${id}'`).join()
  const found = await rows(
    `select state, count(*)::int as n from envelopes where envelope_id in (${list}) group by state`,
  )
  return Object.fromEntries(found.map((row) => [String(row['state']), Number(row['n'])]))
}

async function allAnswered(ids: readonly string[]): Promise<void> {
  const endsAt = performance.now() + patient(30_000)
  while ((await stateOf(ids))['answered'] !== ids.length) {
    if (performance.now() > endsAt) throw new Error(JSON.stringify(await stateOf(ids)))
    await sleep(50)
  }
}

/** Waits until both hubs say that they are degraded, by Redis alone, or that nothing is wrong. */
async function bothSay(degraded: readonly 'redis'[]): Promise<void> {
  const endsAt = performance.now() + patient(20_000)
  for (const n of [0, 1]) {
    const hub = replicas.connect(replicas.operatorIdentity, replicas.urlOf(n))
    while (JSON.stringify((await hub.ready()).degraded) !== JSON.stringify(degraded)) {
      if (performance.now() > endsAt) throw new Error(`hub ${n}: ${(await hub.ready()).degraded}`)
      await sleep(100)
    }
  }
}

/** One job there and back, by way of either hub. */
async function oneJob({ agentId, identity }: BareAgent): Promise<string> {
  const id = await submit(operator, agentId)
  const client = replicas.connect(identity)
  const deliveries = await client.takeDeliveries({ waitSeconds: 5 })
  expect(deliveries.map(({ envelopeId }) => envelopeId)).toEqual([id])
  await client.answerEnvelope(id, 'answer')
  return (await operator.showEnvelope(id)).state
}

describe('two hubs on one database', () => {
  it('wake a poll at one for what comes to the other, and let a session go on at either', async () => {
    const agent = await replicas.enrol(operator)
    const at = [0, 1].map((n) => replicas.connect(agent.identity, replicas.urlOf(n)))
    const asking = [0, 1].map((n) => replicas.connect(replicas.operatorIdentity, replicas.urlOf(n)))
    for (const [here, there] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const poll = at[here]!.takeDeliveries({ waitSeconds: 50 })
      await sleep(200)
      const id = await submit(asking[there]!, agent.agentId)
      const startedAt = performance.now()
      expect((await poll).map((delivery) => delivery.envelopeId)).toEqual([id])
      expect(performance.now() - startedAt).toBeLessThan(patient(2_000))
      const show = asking[there]!.showEnvelope(id, { waitSeconds: 20, unless: 'delivered' })
      await at[here]!.answerEnvelope(id, 'answer')
      expect(await show).toMatchObject({ state: 'answered', result: 'answer' })
    }
    const shared = replicas.connect(agent.identity)
    for (let n = 0; n < 6; n += 1)
      expect(await shared.takeDeliveries({ waitSeconds: 0 })).toEqual([])
  })

  it('end a poll that was left at one when its agent polls at the other', async () => {
    const agent = await replicas.enrol(operator)
    const [left, again] = [0, 1].map((n) => replicas.connect(agent.identity, replicas.urlOf(n)))
    await left!.takeDeliveries({ waitSeconds: 0 })
    const poll = left!.takeDeliveries({ waitSeconds: 50 })
    await sleep(500)
    const startedAt = performance.now()
    await again!.takeDeliveries({ waitSeconds: 0 })
    expect(await poll).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(patient(5_000))
  })

  it('end the poll at one when its agent is sent away at the other, and take no token of it', async () => {
    const agent = await replicas.enrol(operator)
    const [polling, ...others] = [1, 0, 1].map((n) =>
      replicas.connect(agent.identity, replicas.urlOf(n)),
    )
    for (const client of others) await client.describeAgent('there')
    const poll = refusalOf(polling!.takeDeliveries({ waitSeconds: 50 }))
    await sleep(300)
    const startedAt = performance.now()
    await replicas.connect(replicas.operatorIdentity, replicas.urlOf(0)).revokeAgent(agent.agentId)
    const dead = await Promise.all(others.map((client) => refusalOf(client.describeAgent('gone'))))
    expect(await poll).toBe('ERR_AGENT_REVOKED')
    expect(performance.now() - startedAt).toBeLessThan(patient(5_000))
    expect(dead).toEqual(['ERR_AGENT_REVOKED', 'ERR_AGENT_REVOKED'])
    for (const n of [0, 1]) {
      const anew = replicas.connect(agent.identity, replicas.urlOf(n))
      expect(await refusalOf(anew.describeAgent('again'))).toBe('ERR_AGENT_REVOKED')
    }
  })

  it('take what was overheard on its way to one at neither of them', async () => {
    const requests = await overhearList(replicas)
    expect(requests).toHaveLength(2)
    expect(await replayAtBoth(replicas, requests)).toEqual(new Set(['ERR_DPOP_PROOF']))
  })

  it('let one of fifty who race for a code be the agent (D02)', async () => {
    const { redeemToken } = await replicas.makeCode(operator)
    const racers = Array.from({ length: 50 }, async (_, n) => {
      const identity = makeIdentity('racer', randomBytes(64))
      const client = replicas.connect(identity, replicas.urlOf(n % 2))
      return refusalOf(client.redeemCode(redemption(redeemToken, identity)))
    })
    const outcomes = await Promise.all(racers)
    expect(outcomes.filter((outcome) => outcome === 'nothing')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'ERR_CODE_REFUSED')).toHaveLength(49)
  })

  it('lease nothing twice while one of them stands still and goes on (D28)', async () => {
    const agent = await replicas.enrol(operator)
    const stop = new AbortController()
    const ledger = new Ledger()
    const workers = [0, 1].map((n) => {
      const client = replicas.connect(agent.identity, replicas.urlOf(n))
      return work(client, ledger, stop.signal)
    })
    const ids: string[] = []
    const asking = replicas.connect(replicas.operatorIdentity, replicas.urlOf(1))
    for (let n = 0; n < 40; n += 1) {
      // It stands still with nothing on its way to the agent, whose own journal is there for that.
      if (n === 10) await allAnswered(ids)
      if (n === 10) replicas.hubs[0]!.child.kill('SIGSTOP')
      if (n === 30) replicas.hubs[0]!.child.kill('SIGCONT')
      ids.push(await submit(asking, agent.agentId))
      await sleep(n < 10 ? 10 : 350)
    }
    await allAnswered(ids)
    stop.abort()
    await Promise.all(workers)
    expect(ledger.count).toBe(40)
    expect(ledger.shortestGapMs).toBeGreaterThan(LEASE_MS - OFF_MS)
    const results = await rows(`select sealed from results where envelope_id = '${ids[0]}'`)
    expect(results).toEqual([{ sealed: `answer to ${ids[0]}` }])
  })

  it('take over a thousand leases of the one that is killed, once each (X21)', async () => {
    const agents = await Promise.all(Array.from({ length: 4 }, () => replicas.enrol(operator)))
    for (const { agentId } of agents) await rows(waiting(replicas.siteId, agentId, 250))
    const at = (n: number) =>
      agents.map(({ identity }) => replicas.connect(identity, replicas.urlOf(n)))
    const ledgers = agents.map(() => new Ledger())
    await Promise.all(at(0).map((client, n) => takeAll(client, ledgers[n]!, 250)))
    await replicas.hubs[0]!.end('SIGKILL')
    const after = agents.map(() => new Ledger())
    await Promise.all(at(1).map((client, n) => takeAll(client, after[n]!, 250, ledgers[n])))
    for (const n of agents.keys()) {
      expect([ledgers[n]!.count, after[n]!.count]).toEqual([250, 250])
      expect(ledgers[n]!.shortestGapMs).toBeGreaterThan(LEASE_MS - OFF_MS)
    }
    const counts = await rows(
      `select min(delivery_count) as n from envelopes where agent_id = '${agents[0]!.agentId}'`,
    )
    expect(counts).toEqual([{ n: 2 }])
    await replicas.start(0)
  })

  it('go on while all connections to the database are ended again and again (X20)', async () => {
    const agent = await replicas.enrol(operator)
    const stop = new AbortController()
    const ledger = new Ledger()
    const working = work(replicas.connect(agent.identity), ledger, stop.signal)
    const ids = Array.from({ length: 60 }, () => randomUUIDv7())
    const submitting = (async () => {
      for (const id of ids) await submit(operator, agent.agentId, id)
    })()
    let isDone = false
    const ending = (async () => {
      for (let n = 0; n < 4 || !isDone; n += 1) {
        await postgres.terminateAll()
        await sleep(700)
        if (n > 30) break
      }
    })()
    await submitting
    isDone = true
    await ending
    await allAnswered(ids)
    stop.abort()
    await working
    expect(ledger.count).toBe(60)
    const results = await rows(
      `select count(*)::int as n from results where envelope_id in (${ids
        .map((id) => `'${id}'`)
        .join()})`,
    )
    expect(results).toEqual([{ n: 60 }])
  })

  it('let nothing in again, and do every job, when their Redis falls and others take its place', async () => {
    const agent = await replicas.enrol(operator)
    await using standby = await TestRedis.start(['--replicaof', '127.0.0.1', String(redis.port)])
    await using empty = await TestRedis.start()
    const first = await overhearList(replicas)
    await copied(standby)
    redisPorts = [standby.port]
    await redis.kill()
    // One that is no primary yet is not used.
    await bothSay(['redis'])
    expect(await replayAtBoth(replicas, first)).toEqual(new Set(['ERR_DPOP_NONCE']))
    expect(await oneJob(agent)).toBe('answered')
    const meanwhile = await overhearList(replicas)
    await standby.command('REPLICAOF', 'NO', 'ONE')
    await bothSay([])
    expect(await replayAtBoth(replicas, first)).toEqual(new Set(['ERR_DPOP_NONCE']))
    expect(await replayAtBoth(replicas, meanwhile)).toEqual(new Set(['ERR_DPOP_PROOF']))
    expect(await oneJob(agent)).toBe('answered')
    const later = await overhearList(replicas)
    redisPorts = [empty.port]
    await standby.kill()
    expect(await oneJob(agent)).toBe('answered')
    expect(await replayAtBoth(replicas, [...first, ...later])).toEqual(new Set(['ERR_DPOP_NONCE']))
    expect(await replayAtBoth(replicas, meanwhile)).toEqual(new Set(['ERR_DPOP_PROOF']))
    await bothSay([])
  })
})
