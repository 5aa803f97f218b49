// SPDX-License-Identifier: Apache-2.0
/** Two sites at one hub know nothing of each other. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { Identity } from '@sallyport/core/crypto'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { startHub } from '@sallyport/hub'
import { AgentLog } from './support/agent-log.ts'
import {
  MINUTE,
  TestSite,
  anyone,
  redemption,
  makeCode,
  refusalOf,
  siteFileOf,
} from './support/site.ts'

describe('two sites at one hub', () => {
  const scope = new AsyncDisposableStack()
  const otherSiteId = randomUUIDv7()
  let one: HubClient
  let other: HubClient
  let agentId: string
  let agent: HubClient
  let expiresAt: string
  beforeAll(async () => {
    const site = scope.use(await TestSite.open())
    const otherOperator = anyone('ops-2')
    const file = `${site.config.siteFiles[0]!}.other`
    await writeFile(file, siteFileOf(otherSiteId, otherOperator))
    await site.stop()
    const config = { ...site.config, siteFiles: [...site.config.siteFiles, file] }
    const hub = scope.use(await startHub(config, { clock: site.clock }))
    const connect = (identity: Identity) =>
      scope.use(openHubClient({ url: hub.url, key: identity.signing, clock: site.clock }))
    one = connect(site.operatorIdentity)
    other = connect(otherOperator)
    expiresAt = site.instantIn(10 * MINUTE)
    const identity = anyone('pve1')
    agentId = randomUUIDv7()
    const { redeemHash, redeemToken } = makeCode(site.operatorIdentity)
    await one.addCode({ agentId, redeemHash, sealedEnrolment: 'sealed', expiresAt })
    agent = connect(identity)
    await agent.redeemCode(redemption(redeemToken, identity))
    const log = new AgentLog({ agentId, identity, client: agent })
    await agent.witnessHead(log.head(5, 0))
    await agent.storeSegment(log.segment(0, 5))
  })
  afterAll(() => scope.disposeAsync())

  it('see only their own postings, under whichever ids', async () => {
    const posting = { postingId: randomUUIDv7(), kind: 'roster', about: null, expiresAt } as const
    await one.addPosting({ ...posting, sealed: 'sealed one' })
    expect((await other.listPostings()).postings).toEqual([])
    await other.addPosting({ ...posting, sealed: 'sealed other' })
    expect((await one.listPostings()).postings).toMatchObject([{ sealed: 'sealed one' }])
    expect((await other.listPostings()).postings).toMatchObject([{ sealed: 'sealed other' }])
  })

  it('read only the logs of their own agents', async () => {
    expect((await one.readAudit(agentId)).segments).toHaveLength(1)
    expect(await refusalOf(other.readAudit(agentId))).toBe('404 ERR_AGENT_UNKNOWN')
  })

  it('have each its own trust roots', async () => {
    const [root] = await one.readTrustRoots()
    expect(await other.readTrustRoots()).not.toContain(root)
    expect(await refusalOf(other.publishTrustRoot(1, root!))).toBe('409 ERR_ROOT_REFUSED')
  })

  it('have each a log of the hub under a key of its own', async () => {
    const [ours, theirs] = [await one.readHubHead(), await other.readHubHead()]
    expect(ours.key).not.toBe(theirs.key)
    expect([sizeIn(ours.note), sizeIn(theirs.note)]).toEqual(['2', '1'])
  })
})

function sizeIn(note: string): string | undefined {
  return note.split('\n')[1]
}
