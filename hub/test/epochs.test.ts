// SPDX-License-Identifier: Apache-2.0
/** A hub whose disk died, restored from a backup: nothing that ended since comes back, and agents wait for an operator. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseConfirmCode, type Identity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'
import { backupHub, restoreHub, type RestoreSummary } from '@sallyport/hub'
import { addKeys, nextRoot, rootKeyOf } from './support/roots.ts'
import { TestSite, anyone, redemption, refusalOf, type TestAgent } from './support/site.ts'

const WAITS = '503 ERR_EPOCH_UNCONFIRMED'
const WRONG_CODE = '403 ERR_CONFIRM_CODE'

let site: TestSite
let restored: RestoreSummary
let confirmToken: string
/** Enrolled before the backup; sent away after it. */
let kept: TestAgent
let revoked: TestAgent
/** An operator before the backup, and none after it. */
let ben: Identity
/** An operator since after the backup. */
let cora: Identity
let code: Awaited<ReturnType<TestSite['addCode']>>
let usedCode: Awaited<ReturnType<TestSite['addCode']>>
let job: string
const roots: string[] = []

beforeAll(async () => {
  site = await TestSite.open()
  ben = anyone('ben')
  cora = anyone('cora')
  await addKeys(site, rootKeyOf(site, ben, 'operator'))
  kept = await site.enrol(anyone('pve1'))
  revoked = await site.enrol(anyone('pve2'))
  job = await site.submit(kept)
  code = await site.addCode()
  usedCode = await site.addCode()
  const backup = join(dirname(site.config.dataDir), 'hub.spbk')
  await backupHub(site.config, backup)

  await kept.client.takeDeliveries({ waitSeconds: 0 })
  await kept.client.answerEnvelope(job, 'the answer')
  await site.operator.revokeAgent(revoked.agentId)
  const late = anyone('pve3')
  await site.connect(late).redeemCode(redemption(usedCode.redeemToken, late))
  roots.push(
    await nextRoot(site, (root) => ({
      keys: [
        ...root.keys.filter(({ holder }) => holder !== 'ben'),
        rootKeyOf(site, cora, 'operator'),
      ],
    })),
  )
  await site.operator.publishTrustRoot(3, roots[0]!)

  await site.stop()
  await rm(site.config.dataDir, { recursive: true })
  restored = await restoreHub(site.config, backup)
  confirmToken = parseConfirmCode(restored.sites[0]!.confirmCode)
  await site.start()
})
afterAll(() => site[Symbol.asyncDispose]())

const clientOf = (identity: Identity): HubClient => site.connect(identity)

describe('a restored hub that is not confirmed', () => {
  it('says so, and how far back it is', async () => {
    expect(restored.sites).toMatchObject([{ siteId: site.siteId, epoch: 2, rootVersion: 2 }])
    expect(await site.operator.readEpoch()).toMatchObject({ epoch: 2, isConfirmed: false })
  })

  it('takes no agent, and no operator for anything else', async () => {
    for (const agent of [kept, revoked]) {
      const client = clientOf(agent.identity)
      expect(await refusalOf(client.takeDeliveries({ waitSeconds: 0 }))).toBe(WAITS)
      expect(await refusalOf(client.answerEnvelope(job, 'the answer'))).toBe(WAITS)
      expect(await refusalOf(client.readTrustRoots())).toBe(WAITS)
    }
    expect(await refusalOf(site.operator.listAgents())).toBe(WAITS)
    expect(await refusalOf(site.submit(kept))).toBe(WAITS)
    expect(await refusalOf(site.addCode())).toBe(WAITS)
  })

  it('knows no code of before, used since or not', async () => {
    for (const { redeemToken } of [code, usedCode]) {
      const identity = anyone()
      const redeem = clientOf(identity).redeemCode(redemption(redeemToken, identity))
      expect(await refusalOf(redeem)).toBe('404 ERR_CODE_REFUSED')
    }
  })

  it('is not confirmed by whoever is no operator any more: the code is what they lack', async () => {
    const wrong = encodeBase64url(new Uint8Array(12))
    const body = { confirmToken: wrong, revokedAgents: [] }
    expect(await refusalOf(clientOf(ben).confirmEpoch(body))).toBe(WRONG_CODE)
    expect(await refusalOf(clientOf(ben).catchUpRoots({ confirmToken: wrong, roots }))).toBe(
      WRONG_CODE,
    )
    expect(await site.operator.readEpoch()).toMatchObject({ isConfirmed: false })
  })

  it('is still that after a restart', async () => {
    await site.stop()
    await site.start()
    expect(await refusalOf(clientOf(kept.identity).takeDeliveries({ waitSeconds: 0 }))).toBe(WAITS)
  })
})

describe('a restored hub that is confirmed', () => {
  beforeAll(async () => {
    const confirmed = { confirmToken, revokedAgents: [revoked.agentId] }
    // Cora's key is in no root that the hub holds.
    const client = clientOf(cora)
    expect(await refusalOf(client.confirmEpoch(confirmed))).toBe('401 ERR_SESSION_PROOF')
    await client.catchUpRoots({ confirmToken, roots })
    expect(await client.confirmEpoch(confirmed)).toEqual({ epoch: 2 })
    expect(await client.confirmEpoch(confirmed)).toEqual({ epoch: 2 })
  })

  it('has the people of the newest root, and them alone', async () => {
    expect((await clientOf(cora).readTrustRoots(3)).length).toBe(1)
    expect(await refusalOf(clientOf(cora).listAgents())).toBe('nothing')
    expect(await refusalOf(clientOf(ben).listAgents())).toBe('401 ERR_SESSION_PROOF')
  })

  it('has lost the answer, gives the job again and takes the same answer', async () => {
    const client = clientOf(kept.identity)
    const deliveries = await client.takeDeliveries({ waitSeconds: 0 })
    expect(deliveries.map(({ envelopeId }) => envelopeId)).toEqual([job])
    await client.answerEnvelope(job, 'the answer')
    expect(await site.operator.showEnvelope(job)).toMatchObject({ state: 'answered' })
  })

  it('does not serve agents that were revoked since the backup', async () => {
    const polled = clientOf(revoked.identity).takeDeliveries({ waitSeconds: 0 })
    expect(await refusalOf(polled)).toMatch(/^40[13] ERR_(AGENT_REVOKED|SESSION)/)
  })

  it('is confirmed once: another code is refused', async () => {
    const wrong = { confirmToken: encodeBase64url(new Uint8Array(12)), revokedAgents: [] }
    expect(await refusalOf(site.operator.confirmEpoch(wrong))).toBe(WRONG_CODE)
    expect(await site.operator.readEpoch()).toMatchObject({ epoch: 2, isConfirmed: true })
  })
})
