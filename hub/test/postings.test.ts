// SPDX-License-Identifier: Apache-2.0
/** Postings: left once, found by the people of the site, gone when they end. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import type { PostingKind } from '@sallyport/core/transport'
import { MINUTE, TestSite, refusalOf, type TestAgent } from './support/site.ts'

describe('postings', () => {
  let site: TestSite
  let agent: TestAgent
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const posting = (
    changes: { kind?: PostingKind; about?: string | null; sealed?: string } = {},
  ) => ({
    postingId: randomUUIDv7(),
    kind: 'proposal' as PostingKind,
    about: randomUUIDv7() as string | null,
    sealed: 'sealed',
    expiresAt: site.instantIn(10 * MINUTE),
    ...changes,
  })
  const list = async (filter: Parameters<typeof site.operator.listPostings>[0] = {}) =>
    (await site.operator.listPostings(filter)).postings
  const rowCount = async () => (await site.ask('SELECT posting_id FROM postings')).length

  it('are found by kind, by what they are about, and by agent', async () => {
    const proposal = posting()
    const roster = posting({ kind: 'roster', about: null })
    const report = posting({ kind: 'report' })
    await site.operator.addPosting(proposal)
    await site.operator.addPosting(roster)
    await agent.client.addPosting(report)
    const ids = async (filter: Parameters<typeof list>[0]) =>
      (await list(filter)).map(({ postingId }) => postingId)
    expect((await ids({})).toSorted()).toEqual(
      [proposal, roster, report].map(({ postingId }) => postingId).toSorted(),
    )
    expect(await ids({ kind: 'roster' })).toEqual([roster.postingId])
    expect(await ids({ about: proposal.about! })).toEqual([proposal.postingId])
    expect(await ids({ agentId: agent.agentId })).toEqual([report.postingId])
    expect(await list({ kind: 'report' })).toMatchObject([{ ...report, agentId: agent.agentId }])
  })

  it('of agents give way to newer ones about the same schedule, and to nothing else', async () => {
    const [busy, nightly] = [randomUUIDv7(), randomUUIDv7()]
    const report = (about: string) => posting({ kind: 'report', about })
    const kept = report(nightly)
    await agent.client.addPosting(kept)
    const proposal = posting()
    await site.operator.addPosting(proposal)
    const all = Array.from({ length: 258 }, () => report(busy))
    for (const each of all) {
      await agent.client.addPosting(each)
      site.clock.turn(1)
    }
    const rows = await site.ask('SELECT posting_id FROM postings')
    const ids = new Set(rows.map((row) => row['posting_id']))
    expect(ids.size).toBe(258)
    for (const { postingId } of [kept, proposal, all[2]!, all[257]!]) {
      expect(ids.has(postingId)).toBe(true)
    }
    expect(ids.has(all[0]!.postingId)).toBe(false)
    expect(ids.has(all[1]!.postingId)).toBe(false)
  })

  it('are listed newest first, page by page', async () => {
    const all = []
    for (let n = 0; n < 5; n += 1) {
      all.unshift(posting())
      await site.operator.addPosting(all[0]!)
      site.clock.turn(1)
    }
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await site.operator.listPostings({ limit: 2, cursor: cursor ?? undefined })
      seen.push(...page.postings.map(({ postingId }) => postingId))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual(all.map(({ postingId }) => postingId))
  })

  it('are taken again as long as they are the same', async () => {
    const one = posting()
    await site.operator.addPosting(one)
    await site.operator.addPosting(one)
    const other = site.operator.addPosting({ ...one, sealed: 'other' })
    expect(await refusalOf(other)).toBe('409 ERR_POSTING_CONFLICT')
    expect(await list()).toMatchObject([{ sealed: 'sealed' }])
  })

  it('of one id by two posters are a conflict', async () => {
    const report = posting({ kind: 'report' })
    await agent.client.addPosting(report)
    const other = await site.enrol()
    expect(await refusalOf(other.client.addPosting(report))).toBe('409 ERR_POSTING_CONFLICT')
  })

  it('end, and leave nothing behind', async () => {
    await site.operator.addPosting(posting())
    site.clock.turn(10 * MINUTE)
    expect(await list()).toEqual([])
    expect(await rowCount()).toBe(0)
  })

  it('are refused with an end that is past or too far', async () => {
    const lifetimes = [-1, 0, 401 * 24 * 60 * MINUTE]
    for (const ms of lifetimes) {
      const one = { ...posting(), expiresAt: site.instantIn(ms) }
      expect(await refusalOf(site.operator.addPosting(one))).toBe('400 ERR_POSTING_LIFETIME')
    }
  })

  it('of agents are reports, and reports are of agents', async () => {
    expect(await refusalOf(agent.client.addPosting(posting()))).toBe('403 ERR_ROLE')
    const report = posting({ kind: 'report' })
    expect(await refusalOf(site.operator.addPosting(report))).toBe('403 ERR_ROLE')
    expect(await refusalOf(agent.client.listPostings())).toBe('403 ERR_ROLE')
  })

  it('are limited in number and length, for one poster and for all', async () => {
    await site.stop()
    await site.start({
      postingsPerPoster: 2,
      postingsPerSite: 3,
      postingBytesPerPoster: 50,
      postingBytesPerSite: 60,
    })
    const client = site.connect(agent.identity)
    const full = '429 ERR_POSTING_QUOTA'
    const add = (sealed: string) => refusalOf(site.operator.addPosting(posting({ sealed })))
    const report = (sealed: string) =>
      refusalOf(client.addPosting(posting({ kind: 'report', sealed })))
    expect(await add('x'.repeat(51))).toBe(full)
    expect(await add('x'.repeat(40))).toBe('nothing')
    expect(await report('x'.repeat(21))).toBe(full)
    expect(await add('x'.repeat(2))).toBe('nothing')
    expect(await add('xx')).toBe(full)
    expect(await report('xx')).toBe('nothing')
    expect(await report('xx')).toBe(full)
    site.clock.turn(10 * MINUTE)
    expect(await report('xx')).toBe('nothing')
  })
})
