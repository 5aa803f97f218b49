// SPDX-License-Identifier: Apache-2.0
/** What counts first and writes then waits for the hub that does so at this moment. Each of these is a lock of its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '@sallyport/core/crypto'
import { openDatabase, type HubDatabase } from '../../src/stores/database.ts'
import { KEYS_LOCK, agentLogLock, lock, siteLock } from '../../src/stores/locks.ts'
import { postgresDialect } from '../../src/stores/postgres-dialect.ts'
import { sweepSiteLog } from '../../src/stores/retention-site-log.ts'
import { appendToSiteLog } from '../../src/stores/site-log.ts'
import { SiteStore } from '../../src/stores/site-store.ts'
import { Writes } from '../../src/stores/writes.ts'
import { readSite } from '../../src/sites/register-sites.ts'
import { AgentLog } from '../support/agent-log.ts'
import { makeProof, openSession } from '../support/raw.ts'
import { newestRoot, nextRoot } from '../support/roots.ts'
import { MINUTE, TestSite, anyone, redemption, type TestAgent } from '../support/site.ts'
import { endPostgres, migratedDatabase } from '../support/postgres.ts'

afterAll(endPostgres)

const HELD_MS = 250

let site: TestSite
let agent: TestAgent
let log: AgentLog
/** The database as another hub has it. */
let db: HubDatabase
let writes: Writes
beforeAll(async () => {
  const database = await migratedDatabase()
  site = await TestSite.open({}, { database })
  db = await openDatabase(() => postgresDialect(database))
  writes = new Writes(db)
  agent = await site.enrol()
  log = new AgentLog(agent)
  await agent.client.witnessHead(log.head(4, 0))
})
afterAll(async () => {
  await db.destroy()
  await site[Symbol.asyncDispose]()
})

/** Whether it is done while another hub holds the name, and then when that has let go. */
async function isDoneWhileHeld(name: string, write: () => Promise<unknown>): Promise<boolean[]> {
  let isDone = false
  const seen: boolean[] = []
  const taken = Promise.withResolvers<void>()
  const holding = db.transaction().execute(async (transaction) => {
    await lock(transaction, name)
    taken.resolve()
    await sleep(HELD_MS)
    seen.push(isDone)
  })
  await taken.promise
  const writing = write().then(() => (isDone = true))
  await Promise.all([holding, writing])
  return [...seen, isDone]
}

type Write = [what: string, name: () => string, prepare: () => Promise<() => Promise<unknown>>]

const ofSite = () => siteLock(site.siteId)
const ofKeys = () => KEYS_LOCK
const ofLog = () => agentLogLock({ siteId: site.siteId, agentId: agent.agentId })

const WRITES: Write[] = [
  ['an envelope', ofSite, async () => () => site.submit(agent)],
  ['a bundle', ofSite, async () => () => site.operator.storeBundle(digestOf(BYTES), BYTES)],
  ['a posting', ofSite, async () => () => site.operator.addPosting(posting())],
  [
    'a head that was witnessed already',
    ofSite,
    async () => () => agent.client.witnessHead(log.head(4, 0)),
  ],
  ['a segment of a log', ofLog, async () => () => agent.client.storeSegment(log.segment(0, 4))],
  ['an entry of the log of the site', ofSite, async () => append],
  ['what lets the oldest of them go', ofSite, async () => (await append(), sweep)],
  ['a code that is redeemed', ofKeys, redeeming],
  ['a trust root', ofKeys, publishing],
  ['a site that is added', ofKeys, async () => addSite],
]

const BYTES = randomBytes(64)

function posting() {
  const what = { postingId: randomUUIDv7(), kind: 'roster', about: null } as const
  return { ...what, sealed: 'sealed', expiresAt: site.instantIn(MINUTE) }
}

function append(): Promise<unknown> {
  const entry = { event: 'hub.restored', epoch: 1 } as const
  return writes.run((open) => appendToSiteLog(open, site.siteId, entry, 0))
}

function sweep(): Promise<unknown> {
  const bounds = { siteLogMs: MINUTE, siteLogEntries: 1 }
  return sweepSiteLog({ db, writes }, site.siteId, { nowMs: Date.now(), bounds })
}

async function redeeming(): Promise<() => Promise<unknown>> {
  const { redeemToken } = await site.addCode()
  const identity = anyone()
  const client = site.connect(identity)
  return () => client.redeemCode(redemption(redeemToken, identity))
}

async function publishing(): Promise<() => Promise<unknown>> {
  const root = await nextRoot(site, () => ({}))
  const { version } = await newestRoot(site)
  return () => site.operator.publishTrustRoot(version + 1, root)
}

async function addSite(): Promise<void> {
  const root = await readSite(site.config.siteFiles[0]!)
  await new SiteStore(db, writes).register(root, Date.now())
}

describe('on PostgreSQL', () => {
  it.each(WRITES)('%s waits', async (_, name, prepare) => {
    const write = await prepare()
    expect(await isDoneWhileHeld(name(), write)).toEqual([false, true])
  })

  it('one proof that is sent fifty times at once opens one session', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    const all = Array.from({ length: 50 }, () => openSession(site.url, proof))
    expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(1)
  })
})
