// SPDX-License-Identifier: Apache-2.0
/** The hub as witness: heads that grow are signed, all others are refused, and its own log shows what it saw. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  HUB_ORIGIN,
  auditOrigin,
  verifyCheckpoint,
  verifyConsistency,
  verifyCosignature,
} from '@sallyport/core/audit'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { HubHead } from '@sallyport/core/transport'
import { AgentLog } from './support/agent-log.ts'
import { TestSite, anyone, refusalOf, type TestAgent } from './support/site.ts'

const FORK = '409 ERR_AUDIT_FORK'
const BEHIND = '409 ERR_AUDIT_BEHIND'

describe('the witness', () => {
  let site: TestSite
  let agent: TestAgent
  let log: AgentLog
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
    log = new AgentLog(agent)
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const show = (size: number, oldSize: number, by = log) =>
    agent.client.witnessHead(by.head(size, oldSize))
  const shown = (size: number, oldSize: number, by = log) => refusalOf(show(size, oldSize, by))
  const entries = () => readEntries(site)

  it('signs a head beside its agent, with the time', async () => {
    const { head, hub } = await show(5, 0)
    const own = verifyCheckpoint(head.note, auditOrigin(agent.agentId), publicKeyOf(agent))
    expect(own).toMatchObject({ ok: true, epoch: 0, checkpoint: { size: 5 } })
    const cosigned = verifyCosignature(head.note, decodeBase64url(hub.key))
    expect(cosigned).toMatchObject({ ok: true })
    expect(await agent.client.readOwnHead()).toEqual(head)
  })

  it('has no head of an agent that showed none', async () => {
    expect(await agent.client.readOwnHead()).toBeNull()
  })

  it('gives the same answer to the same head, and notes it once', async () => {
    const first = await show(5, 0)
    expect((await show(5, 0)).head).toEqual(first.head)
    await show(9, 5)
    expect((await show(9, 5)).head.size).toBe(9)
    expect((await entries()).map(({ event }) => event)).toEqual([
      'site.root',
      'agent.head',
      'agent.head',
    ])
  })

  it('refuses a head that does not grow from the last one, and keeps both', async () => {
    await show(5, 0)
    const other = new AgentLog(agent, { parts: 3 })
    expect(await shown(9, 5, other)).toBe(FORK)
    expect(await shown(9, 5, other)).toBe(FORK)
    expect((await agent.client.readOwnHead())?.size).toBe(5)
    const last = (await entries()).at(-1)
    expect(last).toMatchObject({ event: 'agent.fork', size: 9, heldSize: 5, index: 2 })
    const { forks } = await site.operator.readAudit(agent.agentId)
    const held = (await agent.client.readOwnHead())!.note
    expect(forks).toMatchObject([{ shown: other.note(9), held }])
  })

  it('refuses another head of the same size', async () => {
    await show(5, 0)
    expect(await shown(5, 5, new AgentLog(agent, { parts: 3 }))).toBe(FORK)
    expect((await entries()).at(-1)).toMatchObject({ event: 'agent.fork' })
  })

  it('accuses nobody who is only behind', async () => {
    await show(5, 0)
    await show(9, 5)
    expect(await shown(12, 5)).toBe(BEHIND)
    expect(await shown(7, 5)).toBe(BEHIND)
    expect(await shown(12, 0)).toBe(BEHIND)
    expect((await entries()).map(({ event }) => event)).not.toContain('agent.fork')
    expect((await show(12, 9)).head.size).toBe(12)
  })

  it('takes no first head that claims to have grown', async () => {
    expect(await shown(9, 5)).toBe(BEHIND)
  })

  it('takes the first head of a later epoch, and from then on none of an earlier one', async () => {
    await show(9, 0)
    const later = new AgentLog(agent, { epoch: 1, parts: 5 })
    expect(await shown(7, 5, later)).toBe(BEHIND)
    expect((await show(7, 0, later)).head.size).toBe(7)
    expect((await show(8, 7, later)).head.size).toBe(8)
    expect(await shown(10, 9)).toBe(FORK)
    expect((await entries()).at(-1)).toMatchObject({ event: 'agent.fork', epoch: 0, heldEpoch: 1 })
    expect((await site.operator.readAudit(agent.agentId, 0, 0)).head?.size).toBe(9)
    expect((await site.operator.readAudit(agent.agentId)).head?.size).toBe(8)
  })

  it('keeps no more forks than it may', async () => {
    await site.stop()
    await site.start({ forksPerAgent: 2 })
    const client = site.connect(agent.identity)
    await client.witnessHead(log.head(5, 0))
    for (let size = 6; size < 12; size += 1) {
      const head = new AgentLog(agent, { parts: 3 }).head(size, 5)
      expect(await refusalOf(client.witnessHead(head))).toBe(FORK)
    }
    expect((await entries()).filter(({ event }) => event === 'agent.fork')).toHaveLength(2)
  })

  it('believes only the key that the agent was enrolled with, for its own log', async () => {
    const other = await site.enrol(anyone('pve2'))
    const head = log.head(5, 0)
    const show = (note: string) => refusalOf(agent.client.witnessHead({ ...head, note }))
    const bad = '400 ERR_AUDIT_HEAD'
    expect(await show(log.note(5, other.identity.signing))).toBe(bad)
    expect(await show(log.note(5, agent.identity.signing, other.agentId))).toBe(bad)
    expect(await show('no note')).toBe(bad)
    expect(await show(log.note(0))).toBe(bad)
    const [text, line] = head.note.split('\n\n') as [string, string]
    expect(await show(`${text}\n\n${line}${line}`)).toBe(bad)
    expect(await agent.client.readOwnHead()).toBeNull()
  })
})

describe("the hub's own log", () => {
  let site: TestSite
  let agent: TestAgent
  beforeEach(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  it('begins with the root of the site and is open to all who belong to it', async () => {
    const head = headOf(await site.operator.readHubHead())
    expect(head.size).toBe(1)
    expect(headOf(await agent.client.readHubHead())).toEqual(head)
  })

  it('proves that it only grows, from every size and over a restart', async () => {
    const log = new AgentLog(agent)
    const seen = [headOf(await agent.client.readHubHead())]
    for (let size = 1; size <= 11; size += 1) {
      const hubSize = seen.at(-1)!.size
      const { hub } = await agent.client.witnessHead(log.head(size, size - 1, hubSize))
      expectGrowth(seen.at(-1)!, hub)
      seen.push(headOf(hub))
    }
    await site.stop()
    await site.start()
    const client = site.connect(agent.identity)
    for (const old of seen) expectGrowth(old, await client.readHubHead(old.size))
  })

  it('proves nothing when it was set back', async () => {
    const { key, note, consistency } = await agent.client.readHubHead(7)
    expect(headOf({ key, note, consistency }).size).toBe(1)
    expect(consistency).toEqual([])
  })
})

async function readEntries(site: TestSite): Promise<Record<string, unknown>[]> {
  const rows = await site.ask('SELECT entry FROM site_log ORDER BY position')
  return rows.map((row) => JSON.parse(String(row['entry'])) as Record<string, unknown>)
}

function publicKeyOf(agent: TestAgent): Uint8Array {
  return agent.identity.signing.publicKey
}

function headOf({ key, note }: HubHead) {
  const verdict = verifyCheckpoint(note, HUB_ORIGIN, decodeBase64url(key))
  if (!verdict.ok) throw new Error(verdict.why)
  return verdict.checkpoint
}

function expectGrowth(old: ReturnType<typeof headOf>, hub: HubHead): void {
  const { size: newSize, root: newRoot } = headOf(hub)
  const path = hub.consistency.map(decodeBase64url)
  const claim = { oldSize: old.size, oldRoot: old.root, newSize, newRoot, path }
  expect({ ...claim, holds: verifyConsistency(claim) }).toMatchObject({ holds: true })
}
