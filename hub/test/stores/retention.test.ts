// SPDX-License-Identifier: Apache-2.0
/** Retention: far more goes in than fits, and what stays is within the bounds; the newest stays, and what is still needed. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { judgeGrowth, parseCheckpoint } from '@sallyport/core/audit'
import { makeSigningKey } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { HUB_LIMITS, type HubLimits } from '../../src/limits.ts'
import { openDatabase, type HubDatabase } from '../../src/stores/database.ts'
import { Retention } from '../../src/stores/retention.ts'
import { SeenHeads } from '../../src/stores/retention-seen-heads.ts'
import { keptNodes } from '../../src/stores/retention-site-log.ts'
import { appendToSiteLog } from '../../src/stores/site-log.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { Writes } from '../../src/stores/writes.ts'
import { readHubHead } from '../../src/witness/hub-log.ts'
import { temporaryFolder } from '../support/folder.ts'

const SITE = 'site-1'
const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 1)
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

let scope: AsyncDisposableStack
let file: string
let db: HubDatabase
let writes: Writes
let seenHeads: SeenHeads
let nowMs = NOW
beforeEach(async () => {
  scope = new AsyncDisposableStack()
  file = join(await temporaryFolder(scope), 'hub.db')
  db = scope.adopt(await openDatabase(() => sqliteDialect(file)), (open) => open.destroy())
  writes = new Writes(db)
  seenHeads = new SeenHeads(writes)
  nowMs = NOW
  await db.insertInto('sites').values({ site_id: SITE, name: 'home', registered_at: 1 }).execute()
})
afterEach(() => scope.disposeAsync())

const retention = (limits: Partial<HubLimits>) =>
  new Retention({
    clock: { now: () => nowMs },
    limits: { ...HUB_LIMITS, ...limits },
    log: SILENT,
    db,
    writes,
    seenHeads,
  })
const countOf = async (table: 'envelopes' | 'results' | 'site_log' | 'site_log_nodes') => {
  const query = db.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('count'))
  return Number((await query.executeTakeFirstOrThrow()).count)
}

describe('envelopes', () => {
  beforeEach(async () => {
    await db
      .insertInto('agents')
      .values(AGENT as never)
      .execute()
  })

  it('that are done stay for their time, and those still owed an answer longer', async () => {
    await put('old-answered', { state: 'answered', answered_at: NOW - 31 * DAY })
    await put('new-answered', { state: 'answered', answered_at: NOW - 29 * DAY })
    await put('old-expired', { state: 'expired', expires_at: NOW - 31 * DAY })
    await put('never-fetched', { state: 'queued', expires_at: NOW - 31 * DAY })
    await put('waiting', { state: 'queued', expires_at: NOW + DAY })
    await put('owed', { state: 'delivered', expires_at: NOW - 31 * DAY })
    await put('long-owed', { state: 'delivered', expires_at: NOW - 61 * DAY })
    await retention({ doneMs: 30 * DAY, unansweredMs: 60 * DAY }).sweep()
    expect(await ids()).toEqual(['new-answered', 'owed', 'waiting'])
    expect(await countOf('results')).toBe(1)
  })

  it('that are done are at most so many, the newest', async () => {
    for (let n = 0; n < 250; n += 1) await put(`job-${1_000 + n}`, { queued_at: n })
    await put('waiting', { state: 'queued', expires_at: NOW + DAY, queued_at: 0 })
    expect((await retention({ donePerSite: 20 }).sweep()).envelopes).toBe(230)
    const left = await ids()
    expect(left).toHaveLength(21)
    expect(left[0]).toBe('job-1230')
    expect(left).toContain('waiting')
  })

  it('that are done take at most so many bytes, and the file stays small', async () => {
    const answer = 'x'.repeat(100_000)
    const keep = retention({ doneBytesPerSite: 1_000_000 })
    let largest = 0
    for (let round = 0; round < 10; round += 1) {
      await db.transaction().execute(async (open) => {
        for (let n = 0; n < 50; n += 1) await put(`job-${round}-${100 + n}`, {}, answer, open)
      })
      await keep.sweep()
      largest = Math.max(largest, statSync(file).size)
    }
    // 50 MB went in.
    expect(await ids()).toHaveLength(9)
    expect(largest).toBeLessThan(12_000_000)
    for (let round = 0; round < 3; round += 1) await keep.sweep()
    await db.destroy()
    expect(statSync(file).size).toBeLessThan(2_500_000)
  })
})

describe('codes and postings', () => {
  it('go when they end, used codes later', async () => {
    const code = { site_id: SITE, agent_id: 'pve1', sealed_enrolment: 'sealed', added_at: 1 }
    const row = { ...code, redeemed_key: null, redeemed_at: null }
    const codes = [
      { ...row, redeem_hash: 'ended', expires_at: NOW - 1 },
      { ...row, redeem_hash: 'alive', expires_at: NOW + 1 },
      { ...row, redeem_hash: 'used', expires_at: NOW - DAY, redeemed_key: 'key' },
      { ...row, redeem_hash: 'long used', expires_at: NOW - 91 * DAY, redeemed_key: 'key' },
    ]
    for (const each of codes)
      await db
        .insertInto('codes')
        .values(each as never)
        .execute()
    const posting = { site_id: SITE, kind: 'roster', posted_by: 'key', sealed: 'x', posted_at: 1 }
    const rows = [NOW - 1, NOW + 1].map((expires_at) => ({
      ...posting,
      posting_id: String(expires_at),
      about: null,
      agent_id: null,
      expires_at,
    }))
    await db
      .insertInto('postings')
      .values(rows as never)
      .execute()
    expect(await retention({}).sweep()).toMatchObject({ codes: 2, postings: 1 })
    const left = await db.selectFrom('codes').select('redeem_hash').orderBy('redeem_hash').execute()
    expect(left.map(({ redeem_hash }) => redeem_hash)).toEqual(['alive', 'used'])
  })
})

describe("the hub's own log", () => {
  const key = makeSigningKey(new Uint8Array(32).fill(7))
  const append = async (count: number, atMs = nowMs) => {
    const event = { event: 'site.root', version: 1, digest: 'x' } as const
    await db.transaction().execute(async (open) => {
      for (let n = 0; n < count; n += 1) await appendToSiteLog(open, SITE, event, atMs)
    })
  }
  const headAt = (knownSize: number) => readHubHead(db, { siteId: SITE, key }, knownSize)
  /** Why what is shown today cannot follow the head of then; undefined when it does. */
  const doubtOf = async (then: { note: string }) => {
    const { note, consistency } = await headAt(parseCheckpoint(then.note).size)
    const path = consistency.map(decodeBase64url)
    return judgeGrowth(key.publicKey, { old: then.note, note, path })
  }

  it('stays within its bound, and whoever holds a head is shown that it goes on', async () => {
    const limits = { siteLogEntries: 100 }
    const held: { note: string }[] = []
    for (const [round, count] of [37, 1, 250, 64, 3, 500, 129].entries()) {
      await append(count)
      const head = await headAt(0)
      held.push(head)
      const { size } = parseCheckpoint(head.note)
      seenHeads.note({ siteId: SITE, keyId: `agent-${round}`, shown: 0, answered: size })
      await retention(limits).sweep()
      for (const each of held) expect(await doubtOf(each)).toBeUndefined()
    }
    expect(await countOf('site_log')).toBe(100)
    expect(await countOf('site_log_nodes')).toBeLessThan(400)
    // And on from there, over many more.
    await append(700)
    await retention(limits).sweep()
    for (const each of held) expect(await doubtOf(each)).toBeUndefined()
  })

  it('has no proof for a head that nobody is known to hold', async () => {
    await append(37)
    const stranger = await headAt(0)
    await append(400)
    await retention({ siteLogEntries: 10 }).sweep()
    expect(await doubtOf(stranger)).toContain('does not begin')
  })

  it('lets entries go after their time', async () => {
    await append(1_200, NOW - 20 * DAY)
    await append(10, NOW)
    const { siteLogEntries } = await retention({ siteLogMs: 10 * DAY }).sweep()
    expect(siteLogEntries).toBe(1_000)
    expect(await countOf('site_log')).toBe(210)
    expect((await retention({ siteLogMs: 10 * DAY }).sweep()).siteLogEntries).toBe(0)
  })

  it('keeps its newest entry, so that it is never counted from the beginning again', async () => {
    await append(5, NOW - 900 * DAY)
    await retention({ siteLogEntries: 1 }).sweep()
    expect(await countOf('site_log')).toBe(1)
    await append(1)
    expect(parseCheckpoint((await headAt(0)).note).size).toBe(6)
  })

  it('keeps few nodes for each head', () => {
    expect(keptNodes(1_000_000, [3]).length).toBeLessThan(60)
  })
})

const AGENT = {
  site_id: SITE,
  agent_id: 'pve1',
  key_id: 'key',
  signing_key: 'key',
  descriptor: null,
  enrolled_at: 1,
  last_seen_at: null,
}

async function put(
  envelope_id: string,
  changes: Record<string, unknown>,
  answer = 'answer',
  open: Pick<HubDatabase, 'insertInto'> = db,
): Promise<void> {
  const row = {
    site_id: SITE,
    envelope_id,
    agent_id: 'pve1',
    sealed: 'sealed',
    state: 'answered',
    queued_at: 1,
    expires_at: NOW,
    delivered_at: null,
    answered_at: NOW,
    lease_until: 0,
    delivery_count: 0,
    ...changes,
  }
  if (row.state !== 'answered') row.answered_at = null as never
  await open
    .insertInto('envelopes')
    .values(row as never)
    .execute()
  if (row.state !== 'answered') return
  await open.insertInto('results').values({ site_id: SITE, envelope_id, sealed: answer }).execute()
}

async function ids(): Promise<string[]> {
  const rows = await db
    .selectFrom('envelopes')
    .select('envelope_id')
    .orderBy('envelope_id')
    .execute()
  return rows.map((row) => row.envelope_id)
}
