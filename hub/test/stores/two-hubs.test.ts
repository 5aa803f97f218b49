// SPDX-License-Identifier: Apache-2.0
/** What stays right when two hubs write into one store at once, and on a store of one hub too. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { BundleStore } from '../../src/stores/bundle-store.ts'
import { CodeStore } from '../../src/stores/code-store.ts'
import { PostingStore } from '../../src/stores/posting-store.ts'
import { appendToSiteLog, siteLogSize } from '../../src/stores/site-log.ts'
import { WitnessKeyStore } from '../../src/stores/witness-key-store.ts'
import { endPostgres, sharedPostgres } from '../support/postgres.ts'
import {
  STORE_KINDS,
  addEnvelope,
  addSite,
  openStores,
  type StoreOfHub,
} from '../support/stores.ts'

afterAll(endPostgres)

const LEASE = { leaseMs: 60_000, maxCount: 64 }
const terms = () => ({ ...LEASE, holder: randomUUID() })

/** Calls something of both hubs so many times, all at once. */
function both<T>(
  hubs: readonly StoreOfHub[],
  count: number,
  call: (hub: StoreOfHub) => Promise<T>,
) {
  return Promise.all(Array.from({ length: count }, (_, n) => call(hubs[n % hubs.length]!)))
}

async function countFailures(calls: readonly Promise<unknown>[]): Promise<number> {
  const outcomes = await Promise.allSettled(calls)
  return outcomes.filter((outcome) => outcome.status === 'rejected').length
}

beforeAll(() => sharedPostgres(), 60_000)

describe.each(STORE_KINDS)('on %s, of two hubs', (kind) => {
  let scope: AsyncDisposableStack
  let hubs: [StoreOfHub, StoreOfHub]
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    hubs = await openStores(kind, scope)
  })
  afterEach(() => scope.disposeAsync())

  it('one gets an envelope, however many ask at once', async () => {
    const { agents } = await addSite(hubs[0])
    const agent = agents[0]!
    for (let n = 0; n < 10; n += 1) await addEnvelope(hubs[n % 2]!, agent)
    const taken = await both(hubs, 20, ({ envelopes }) => envelopes.take(agent, terms()))
    const ids = taken.flat().map((row) => row.envelope_id)
    expect(ids).toHaveLength(10)
    expect(new Set(ids).size).toBe(10)
    expect(taken.flat().map((row) => row.delivery_count)).toEqual(Array(10).fill(1))
  })

  it('one burns a code for one key', async () => {
    const { siteId } = await addSite(hubs[0], 0)
    const codes = hubs.map(({ db, writes }) => new CodeStore(db, writes))
    const rest = { sealed_enrolment: 's', added_at: 0, must_confirm: 0, replaces: '' }
    const code = { site_id: siteId, agent_id: randomUUIDv7(), ...rest }
    await codes[0]!.add({ ...code, redeem_hash: 'h', expires_at: 1_000 })
    const racers = Array.from({ length: 50 }, (_, n) =>
      codes[n % 2]!.redeem('h', { keyId: `k${n}`, signingKey: `s${n}` }, 10),
    )
    const winners = (await Promise.all(racers)).filter((row) => row !== undefined)
    expect(winners).toHaveLength(1)
    const agents = await hubs[1].db.selectFrom('agents').selectAll().execute()
    expect(agents).toHaveLength(1)
  })

  it('neither lets more wait than may wait', async () => {
    const { agents } = await addSite(hubs[0], 2)
    const caps = { perAgent: 7, perSite: 10 }
    const calls = Array.from({ length: 30 }, (_, n) =>
      addEnvelope(hubs[n % 2]!, agents[n % 3 === 0 ? 1 : 0]!, caps),
    )
    expect(await countFailures(calls)).toBe(20)
    const rows = await hubs[0].db.selectFrom('envelopes').select('agent_id').execute()
    expect(rows).toHaveLength(10)
  })

  it('neither keeps more bundles or postings than may be kept', async () => {
    const { siteId } = await addSite(hubs[0])
    const bundle = async ({ db, writes }: StoreOfHub, n: number) =>
      new BundleStore(db, writes).add(
        { siteId, digest: `d${n}`, bytes: new Uint8Array([1, 0, 255]), nowMs: 0 },
        5,
      )
    const bundles = Array.from({ length: 20 }, (_, n) => bundle(hubs[n % 2]!, n))
    expect(await countFailures(bundles)).toBe(15)
    const [row] = await hubs[1].db.selectFrom('bundles').select(['digest', 'bytes']).execute()
    expect([...row!.bytes]).toEqual([1, 0, 255])

    const caps = { countPerSite: 6, bytesPerSite: 1_000, maxLifetimeMs: 1_000 }
    const all = { ...caps, countPerPoster: 4, bytesPerPoster: 1_000 }
    const posting = ({ db, writes }: StoreOfHub, n: number) =>
      new PostingStore(db, writes).add(
        {
          ...{ site_id: siteId, posting_id: `p${n}`, kind: 'report', about: null, agent_id: null },
          ...{ posted_by: `k${n % 3}`, sealed: 'text', posted_at: 0, expires_at: 1_000 },
          kind: 'note' as never,
        },
        all,
      )
    expect(
      await countFailures(Array.from({ length: 30 }, (_, n) => posting(hubs[n % 2]!, n))),
    ).toBe(24)
  })

  it('both write one log of a site without a gap', async () => {
    const { siteId } = await addSite(hubs[0])
    const entry = ({ writes }: StoreOfHub, version: number) =>
      writes.run((db) =>
        appendToSiteLog(db, siteId, { event: 'site.root', version, digest: 'd' }, 0),
      )
    const indices = await Promise.all(Array.from({ length: 40 }, (_, n) => entry(hubs[n % 2]!, n)))
    expect(indices.toSorted((a, b) => a - b)).toEqual([...Array(40).keys()])
    expect(await siteLogSize(hubs[1].db, siteId)).toBe(40)
  })

  it('both witness with one key', async () => {
    const { siteId } = await addSite(hubs[0])
    const keys = await Promise.all(
      hubs.map(({ db, writes }, n) =>
        new WitnessKeyStore(db, writes).load(siteId, () => new Uint8Array(32).fill(n + 1), 0),
      ),
    )
    expect(keys[0]!.publicKey).toEqual(keys[1]!.publicKey)
  })

  it('the one that stood still ends no lease that the other gave since', async () => {
    const { agents } = await addSite(hubs[0])
    const agent = agents[0]!
    await addEnvelope(hubs[0], agent)
    const asOfMs = hubs[0].clock.now() - 10
    const [row] = await hubs[1].envelopes.take(agent, terms())
    await hubs[0].envelopes.release(agent, { asOfMs: asOfMs - 60_000, leaseMs: LEASE.leaseMs })
    expect(await hubs[0].envelopes.take(agent, terms())).toEqual([])
    const held = { envelopeId: row!.envelope_id, holder: row!.lease_holder!, token: 1 }
    expect(await hubs[1].envelopes.renew(agent, [held], LEASE.leaseMs)).toHaveLength(1)
  })

  it('the one that stood still holds nothing that the other has taken over', async () => {
    const { agents } = await addSite(hubs[0])
    const agent = agents[0]!
    await addEnvelope(hubs[0], agent)
    const mine = terms()
    const [before] = await hubs[0].envelopes.take(agent, mine)
    const over = hubs[0].clock.now() + LEASE.leaseMs + 1
    await hubs[0].envelopes.release(agent, { asOfMs: over - LEASE.leaseMs, leaseMs: LEASE.leaseMs })
    hubs[1].clock.turn(LEASE.leaseMs + 10)
    const [after] = await hubs[1].envelopes.take(agent, terms())
    expect([before!.delivery_count, after!.delivery_count]).toEqual([1, 2])
    const { envelope_id: envelopeId } = before!
    for (const held of [
      { envelopeId, holder: mine.holder, token: 1 },
      { envelopeId, holder: after!.lease_holder!, token: 1 },
      // A standby that was promoted may not know the last lease, and counts it again.
      { envelopeId, holder: mine.holder, token: 2 },
    ]) {
      expect(await hubs[0].envelopes.renew(agent, [held], LEASE.leaseMs)).toEqual([])
    }
  })

  it('a request that is run again finds what it took', async () => {
    const { agents } = await addSite(hubs[0])
    const agent = agents[0]!
    const id = await addEnvelope(hubs[0], agent)
    const mine = terms()
    const first = await hubs[0].envelopes.take(agent, mine)
    const { reserve } = await import('../../src/stores/envelope-writes.ts')
    const nowMs = hubs[0].clock.now()
    const again = await hubs[0].writes.run((db) => reserve(db, agent, { ...mine, nowMs }))
    expect(again).toEqual(first)
    expect(again[0]!.envelope_id).toBe(id)
  })

  it('one whose clock is behind takes no lease from the other', async () => {
    const { agents } = await addSite(hubs[0])
    const agent = agents[0]!
    await addEnvelope(hubs[0], agent)
    await hubs[0].envelopes.take(agent, terms())
    hubs[1].clock.turn(-10_000)
    expect(await hubs[1].envelopes.take(agent, terms())).toEqual([])
  })
})
