// SPDX-License-Identifier: Apache-2.0
/** Copies of the agents' logs: without gaps, up to the witnessed head, and only if they lead to it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { rootOf, verifyCheckpoint, auditOrigin } from '@sallyport/core/audit'
import { decodeBase64url } from '@sallyport/core/protocol'
import { AgentLog } from './support/agent-log.ts'
import { sendJson, openToken, errorCodeOf } from './support/raw.ts'
import { TestSite, refusalOf, type TestAgent } from './support/site.ts'

const SEGMENT = '409 ERR_AUDIT_SEGMENT'

describe('segments', () => {
  let site: TestSite
  let agent: TestAgent
  let log: AgentLog
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
    log = new AgentLog(agent)
    await agent.client.witnessHead(log.head(10, 0))
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const store = (from: number, to: number, by = log) =>
    agent.client.storeSegment(by.segment(from, to))
  const stored = (from: number, to: number, by = log) => refusalOf(store(from, to, by))

  it('follow each other up to the witnessed head', async () => {
    expect(await store(0, 4)).toBe(4)
    expect(await store(4, 10)).toBe(10)
    const { segments, head, nextFrom } = await site.operator.readAudit(agent.agentId)
    expect(segments).toEqual([log.segment(0, 4), log.segment(4, 10)])
    expect(nextFrom).toBeNull()
    const hashes = segments.flatMap(({ leafHashes }) => leafHashes.map(decodeBase64url))
    const verdict = verifyCheckpoint(
      head!.note,
      auditOrigin(agent.agentId),
      agent.identity.signing.publicKey,
    )
    expect(verdict).toMatchObject({ ok: true, checkpoint: { root: rootOf(hashes) } })
  })

  it('are refused with a gap before them', async () => {
    expect(await stored(4, 10)).toBe('409 ERR_AUDIT_GAP')
  })

  it('are refused beyond the witnessed head, and before there is one', async () => {
    expect(await stored(0, 11)).toBe(SEGMENT)
    const other = await site.enrol()
    const segment = new AgentLog(other).segment(0, 4)
    expect(await refusalOf(other.client.storeSegment(segment))).toBe(SEGMENT)
  })

  it('are refused when they do not lead to the witnessed head, and leave nothing', async () => {
    const altered = new AgentLog(agent, { parts: 6 })
    await store(0, 4)
    expect(await stored(4, 10, altered)).toBe(SEGMENT)
    expect(await store(4, 10)).toBe(10)
  })

  it('are acknowledged again, also cut otherwise or sealed anew, and what came first stays', async () => {
    await store(0, 4)
    expect(await store(0, 4)).toBe(4)
    expect(await store(0, 6)).toBe(4)
    expect(await store(2, 3)).toBe(4)
    expect(await agent.client.storeSegment(log.segment(0, 4, 'sealed anew'))).toBe(4)
    await store(4, 10)
    expect(await store(3, 9)).toBe(10)
    const { segments } = await site.operator.readAudit(agent.agentId)
    expect(segments).toEqual([log.segment(0, 4), log.segment(4, 10)])
  })

  it('are refused when they contradict what is stored', async () => {
    await store(0, 4)
    expect(await stored(0, 4, new AgentLog(agent, { parts: 3 }))).toBe(SEGMENT)
    expect(await stored(2, 6, new AgentLog(agent, { parts: 3 }))).toBe(SEGMENT)
  })

  it('are stored anew for a later epoch, and the old ones stay readable', async () => {
    await store(0, 10)
    const later = new AgentLog(agent, { epoch: 1, parts: 5 })
    await agent.client.witnessHead(later.head(7, 0))
    expect(await store(0, 7, later)).toBe(7)
    expect((await site.operator.readAudit(agent.agentId)).segments).toEqual([later.segment(0, 7)])
    const old = await site.operator.readAudit(agent.agentId, 0, 0)
    expect(old.segments).toEqual([log.segment(0, 10)])
  })

  it('are read from an index on, page by page', async () => {
    await agent.client.witnessHead(log.head(200, 10))
    for (let from = 0; from < 200; from += 2) await store(from, from + 2)
    const first = await site.operator.readAudit(agent.agentId)
    expect(first.segments).toHaveLength(64)
    expect(first.nextFrom).toBe(128)
    const second = await site.operator.readAudit(agent.agentId, 128)
    expect(second.segments).toHaveLength(36)
    expect(second.nextFrom).toBeNull()
    expect((await site.operator.readAudit(agent.agentId, 197)).segments).toEqual([
      log.segment(198, 200),
    ])
  })

  it('give up their sealed entries when there is no room, oldest first, but not their hashes', async () => {
    await site.stop()
    await site.start({ segmentBytesPerAgent: 20 })
    const client = site.connect(agent.identity)
    for (const from of [0, 4, 8]) {
      await client.storeSegment(log.segment(from, Math.min(from + 4, 10), `sealed ${from} `))
    }
    const { segments } = await site.operator.readAudit(agent.agentId)
    expect(segments.map(({ parts }) => parts)).toEqual([
      [],
      [{ sealed: 'sealed 4 ' }],
      [{ sealed: 'sealed 8 ' }],
    ])
    expect(segments[0]?.leafHashes).toEqual(log.segment(0, 4).leafHashes)
    expect(await client.storeSegment(log.segment(0, 4))).toBe(10)
  })

  it('end where a log may have no more entries', async () => {
    await site.stop()
    await site.start({ entriesPerAgent: 8 })
    const client = site.connect(agent.identity)
    await client.storeSegment(log.segment(0, 8))
    expect(await refusalOf(client.storeSegment(log.segment(8, 10)))).toBe('409 ERR_AUDIT_QUOTA')
  })

  it('say the same in path and body', async () => {
    const { token } = await openToken(site.url, agent.identity)
    const body = JSON.stringify(log.segment(0, 4))
    const answer = await sendJson(`${site.url}/v1/audit/segments/4`, body, { method: 'PUT', token })
    expect(errorCodeOf(answer)).toBe('ERR_REQUEST_FORM')
  })

  it('are read of agents that there are', async () => {
    const unknown = '404 ERR_AGENT_UNKNOWN'
    expect(await refusalOf(site.operator.readAudit(randomUUIDv7()))).toBe(unknown)
  })
})
