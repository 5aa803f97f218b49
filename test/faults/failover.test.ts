// SPDX-License-Identifier: Apache-2.0
/** The primary of the hubs' database is killed and its standby promoted: what was promised is kept, and work goes on. */
import { randomUUIDv7 } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hubRefusalOf, type HubClient } from '@sallyport/core/transport'
import { patient } from '../support/patience.ts'
import { TestPostgres } from '../support/postgres.ts'
import { Replicas, persist, submit, type BareAgent } from '../support/replicas.ts'

const READY_MS = 10_000

let primary: TestPostgres
let standby: TestPostgres
let replicas: Replicas
let operator: HubClient
let agent: BareAgent
let client: HubClient
beforeAll(async () => {
  primary = await TestPostgres.start()
  const database = await primary.createDatabase()
  standby = await primary.startStandby()
  const both = database.replace(/@([^/]+)/, `@$1,127.0.0.1:${standby.port}`)
  replicas = await Replicas.open({ database: both, limits: { leaseMs: 2_000 } })
  operator = replicas.connect(replicas.operatorIdentity)
  agent = await replicas.enrol(operator)
  client = replicas.connect(agent.identity)
})
afterAll(async () => {
  await replicas[Symbol.asyncDispose]()
  await primary[Symbol.asyncDispose]()
  await standby[Symbol.asyncDispose]()
})

async function answerAll(): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const deliveries = await persist(() => client.takeDeliveries({ waitSeconds: 0 }))
    if (deliveries.length === 0) return ids
    for (const { envelopeId } of deliveries) {
      await persist(() => client.answerEnvelope(envelopeId, `answer to ${envelopeId}`))
      ids.push(envelopeId)
    }
  }
}

/** What the hubs say that cannot work, once they have found out. */
async function refusalOf(hub: HubClient): Promise<string> {
  const endsAt = performance.now() + patient(READY_MS)
  while (performance.now() < endsAt) {
    const error = await hub.ready().catch((thrown: unknown) => thrown)
    const refusal = hubRefusalOf(error)
    if (refusal !== undefined) return `${refusal.status} ${refusal.code}`
    await sleep(100)
  }
  return 'nothing'
}

const promoted = async (): Promise<number> => {
  await standby.promote()
  const promotedAt = performance.now()
  await persist(() => operator.ready(), patient(READY_MS))
  return performance.now() - promotedAt
}

describe('a database whose primary is killed', () => {
  it('has lost nothing that was promised, when the standby is synchronous (X18)', async () => {
    await primary.query("alter system set synchronous_standby_names = '*'")
    await primary.query('select pg_reload_conf()')
    const kept: string[] = []
    const ids = Array.from({ length: 30 }, () => randomUUIDv7())
    const submitting = (async () => {
      for (const id of ids) kept.push(await submit(operator, agent.agentId, id))
    })()
    while (kept.length < 10) await new Promise((done) => setTimeout(done, 5))
    const answered = await client.takeDeliveries({ waitSeconds: 0 })
    for (const { envelopeId } of answered) {
      await client.answerEnvelope(envelopeId, `answer to ${envelopeId}`)
    }
    await primary.end('SIGKILL')
    const keptBefore = [...kept]
    expect(await refusalOf(operator)).toBe('503 ERR_NOT_READY')
    expect(await promoted()).toBeLessThan(patient(READY_MS))
    for (const { envelopeId } of answered) {
      expect(await operator.showEnvelope(envelopeId)).toMatchObject({
        state: 'answered',
        result: `answer to ${envelopeId}`,
      })
    }
    for (const id of keptBefore) expect((await operator.showEnvelope(id)).envelopeId).toBe(id)
    await submitting
    const rest = await answerAll()
    expect(new Set([...answered.map((each) => each.envelopeId), ...rest])).toEqual(new Set(ids))
    expect(rest).toHaveLength(new Set(rest).size)
  })

  it('has lost at most what the standby had not got, when it is asynchronous: answers come again (X19)', async () => {
    const [before, behind] = [standby, await standby.startStandby()]
    await replicas.hubs[0]!.end()
    await replicas.hubs[1]!.end()
    await using others = await Replicas.open({
      database: `postgres://hub@127.0.0.1:${before.port},127.0.0.1:${behind.port}/hub_1`,
      limits: { leaseMs: 2_000 },
    })
    const asking = others.connect(others.operatorIdentity)
    const one = await others.enrol(asking)
    const working = others.connect(one.identity)
    const id = await submit(asking, one.agentId)
    await followed(before)
    await behind.end()
    const lost = await submit(asking, one.agentId)
    const taken = await working.takeDeliveries({ waitSeconds: 0 })
    expect(taken.map((each) => each.envelopeId)).toEqual([id, lost])
    await working.answerEnvelope(id, 'the answer')
    await before.end('SIGKILL')
    await behind.start()
    await behind.promote()
    const [again] = await persist(() => working.takeDeliveries({ waitSeconds: 5 }))
    expect(again!.envelopeId).toBe(id)
    await persist(() => working.answerEnvelope(id, 'the answer'))
    expect(await asking.showEnvelope(id)).toMatchObject({ state: 'answered', result: 'the answer' })
    expect(await submit(asking, one.agentId, lost)).toBe(lost)
    const next = await persist(() => working.takeDeliveries({ waitSeconds: 5 }))
    expect(next.map((each) => each.envelopeId)).toEqual([lost])
    await behind[Symbol.asyncDispose]()
  })
})

/** Waits until every standby has what the primary has written. */
async function followed(of: TestPostgres): Promise<void> {
  for (;;) {
    const [row] = await of.query(
      'select count(*)::int as n from pg_stat_replication where replay_lsn = pg_current_wal_lsn()',
    )
    if (Number(row!['n']) > 0) return
    await new Promise((done) => setTimeout(done, 20))
  }
}
