// SPDX-License-Identifier: Apache-2.0
/** Trust roots at the hub: each follows the one before, and its people are those who may come in. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { makeSigningKey, type Identity, type SigningKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, type RootKey } from '@sallyport/core/protocol'
import { encodeSiteFile } from '@sallyport/core/transport'
import { startHub } from '@sallyport/hub'
import { patient } from '../../test/support/patience.ts'
import { addKeys, newestRoot, nextRoot, rootKeyOf } from './support/roots.ts'
import { MINUTE, TestSite, anyone, refusalOf, siteFileOf } from './support/site.ts'

const REFUSED = '409 ERR_ROOT_REFUSED'
const NOBODY = '401 ERR_SESSION_PROOF'

describe('trust roots', () => {
  let site: TestSite
  let ben: Identity
  beforeEach(async () => {
    site = await TestSite.open()
    ben = anyone('ben')
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const publish = (version: number, root: string) =>
    refusalOf(site.operator.publishTrustRoot(version, root))
  const withBen = (role: 'operator' | 'customer' = 'operator') =>
    nextRoot(site, (root) => ({ keys: [...root.keys, rootKeyOf(site, ben, role)] }))

  it('are read from a version on, oldest first', async () => {
    const second = await withBen()
    await publish(2, second)
    const third = await nextRoot(site, () => ({}))
    await publish(3, third)
    expect(await site.operator.readTrustRoots(2)).toEqual([second, third])
    expect(await site.operator.readTrustRoots()).toHaveLength(3)
    expect(await site.operator.readTrustRoots(4)).toEqual([])
    const agent = await site.enrol()
    expect(await agent.client.readTrustRoots(3)).toEqual([third])
  })

  it('let in whom they name, as what they name them', async () => {
    expect(await refusalOf(site.connect(ben).listPostings())).toBe(NOBODY)
    expect(await publish(2, await withBen('customer'))).toBe('nothing')
    const client = site.connect(ben)
    expect(await refusalOf(client.listPostings())).toBe('nothing')
    expect(await refusalOf(client.listAgents())).toBe('403 ERR_ROLE')
  })

  it('are taken again as long as they say the same', async () => {
    const second = await withBen()
    expect(await publish(2, second)).toBe('nothing')
    expect(await publish(2, second)).toBe('nothing')
    await publish(3, await nextRoot(site, () => ({})))
    expect(await publish(2, second)).toBe('nothing')
    expect(await site.operator.readTrustRoots()).toHaveLength(3)
  })

  it('are refused when another one of the same version is held', async () => {
    const [one, other] = [await withBen(), await nextRoot(site, () => ({ siteName: 'other' }))]
    await publish(2, one)
    expect(await publish(2, other)).toBe('409 ERR_ROOT_CONFLICT')
  })

  it('are refused without enough signatures of the version before', async () => {
    const stranger = makeSigningKey(randomBytes(32))
    expect(await publish(2, await nextRoot(site, () => ({}), [stranger]))).toBe(REFUSED)
    const operator = site.operatorIdentity.signing
    expect(await publish(2, await nextRoot(site, () => ({}), [operator]))).toBe(REFUSED)
    expect(await site.operator.readTrustRoots()).toHaveLength(1)
  })

  it.each([
    ['a version left out', 3, { version: 3 }],
    ['another version in the path', 3, {}],
    ['another site', 2, { siteId: randomUUIDv7() }],
    ['another site and a version that is held', 1, { siteId: randomUUIDv7(), version: 1 }],
  ])('are refused with %s', async (_, version, change) => {
    expect(await publish(version, await nextRoot(site, () => change))).toBe(REFUSED)
  })

  it('are refused without a form', async () => {
    expect(await publish(2, encodeBase64url(Buffer.from('{}')))).toBe(REFUSED)
  })

  it('are not published by agents', async () => {
    const agent = await site.enrol()
    const next = await withBen()
    expect(await refusalOf(agent.client.publishTrustRoot(2, next))).toBe('403 ERR_ROLE')
  })

  it('put out whom they do not name any more, with open sessions and held requests', async () => {
    await addKeys(site, rootKeyOf(site, ben, 'operator'))
    const agent = await site.enrol()
    const id = await site.submit(agent)
    const client = site.connect(ben)
    const held = refusalOf(client.showEnvelope(id, { waitSeconds: 50, unless: 'queued' }))
    await client.listPostings()
    const startedAt = performance.now()
    const without = await nextRoot(site, ({ keys }) => ({
      keys: keys.filter(({ holder }) => holder !== 'ben'),
    }))
    expect(await publish(3, without)).toBe('nothing')
    expect(await refusalOf(client.listPostings())).toBe(NOBODY)
    expect(await held).toBe(NOBODY)
    expect(performance.now() - startedAt).toBeLessThan(patient(5_000))
  })

  it('put out a key when its time ends', async () => {
    await addKeys(site, rootKeyOf(site, ben, 'operator', 10 * MINUTE))
    const client = site.connect(ben)
    expect(await refusalOf(client.listPostings())).toBe('nothing')
    site.clock.turn(10 * MINUTE)
    expect(await refusalOf(client.listPostings())).toBe(NOBODY)
    expect(await refusalOf(site.operator.listPostings())).toBe('nothing')
  })

  it('are published with a root key where no other key is left, and that key opens nothing else', async () => {
    const agent = await site.enrol()
    const root = { name: 'ops-1', signing: site.rootKey, sealing: ben.sealing }
    const client = site.connect(root)
    site.clock.turn(399 * 24 * 60 * MINUTE)
    await addKeys(site)
    site.clock.turn(2 * 24 * 60 * MINUTE)
    expect(await refusalOf(site.operator.listPostings())).toBe(NOBODY)
    expect(await client.readTrustRoots()).toHaveLength(2)
    for (const call of [
      () => client.listPostings(),
      () => client.listAgents(),
      () => client.readAudit(agent.agentId),
      () =>
        client.addPosting({
          postingId: randomUUIDv7(),
          kind: 'roster',
          about: null,
          sealed: 'sealed',
          expiresAt: site.instantIn(MINUTE),
        }),
    ]) {
      expect(await refusalOf(call())).toBe('403 ERR_ROLE')
    }
  })

  it('are refused with a key that an agent has', async () => {
    await site.enrol(ben)
    expect(await publish(2, await withBen())).toBe('409 ERR_OPERATOR_KEY')
    expect((await newestRoot(site)).version).toBe(1)
  })

  it('outlive a start with the first site file', async () => {
    await addKeys(site, rootKeyOf(site, ben, 'operator'))
    await site.stop()
    await site.start()
    expect(await refusalOf(site.connect(ben).listPostings())).toBe('nothing')
    expect((await newestRoot(site)).version).toBe(2)
  })
})

describe('site files', () => {
  let site: TestSite
  beforeEach(async () => {
    site = await TestSite.open()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const startWith = async (root: string): Promise<void> => {
    await site.stop()
    await writeFile(site.config.siteFiles[0]!, encodeSiteFile(decodeBase64url(root)))
    await site.start()
  }

  it('bring the next root', async () => {
    await startWith(await nextRoot(site, () => ({ siteName: 'other' })))
    expect(await newestRoot(site)).toMatchObject({ version: 2, siteName: 'other' })
  })

  it('that are ahead by more leave the hub as it is, so that people can publish what is between', async () => {
    await startWith(await nextRoot(site, () => ({ version: 3 })))
    expect((await newestRoot(site)).version).toBe(1)
  })

  it('are refused with a root that does not follow, or is another one of the same version', async () => {
    const stranger = makeSigningKey(randomBytes(32))
    const [first] = await site.operator.readTrustRoots()
    const foreign = await nextRoot(site, ({ keys }) => ({ keys: withRoot(keys, stranger) }), [
      stranger,
    ])
    const same = await nextRoot(site, () => ({ version: 1, siteName: 'other' }))
    await expect(startWith(foreign)).rejects.toMatchObject({ code: 'ERR_ROOT_REFUSED' })
    await expect(startWith(same)).rejects.toMatchObject({ code: 'ERR_ROOT_CONFLICT' })
    await startWith(first!)
  })

  it('are refused with a key that is in use at another site', async () => {
    const file = `${site.config.siteFiles[0]!}.other`
    await writeFile(file, siteFileOf(randomUUIDv7(), site.operatorIdentity))
    await site.stop()
    const start = startHub({ ...site.config, siteFiles: [file] })
    await expect(start).rejects.toMatchObject({ code: 'ERR_OPERATOR_KEY' })
    await site.start()
  })
})

/** The keys with another root key in place of theirs. */
function withRoot(keys: readonly RootKey[], key: SigningKey): RootKey[] {
  const signingKey = encodeBase64url(key.publicKey)
  return keys.map((each) => (each.role === 'root' ? { ...each, signingKey } : each))
}

describe('customers', () => {
  it('submit and watch envelopes, post and read, and nothing more', async () => {
    await using site = await TestSite.open()
    const agent = await site.enrol()
    const ann = anyone('ann')
    await addKeys(site, rootKeyOf(site, ann, 'customer'))
    const client = site.connect(ann)
    const envelopeId = randomUUIDv7()
    const expiresAt = site.instantIn(MINUTE)
    const envelope = { envelopeId, agentId: agent.agentId, sealed: 'sealed', expiresAt }
    for (const call of [
      () => client.submitEnvelope(envelope),
      () => client.showEnvelope(envelopeId),
      () => client.listEnvelopes(),
      () => client.listPostings(),
      () => client.readAudit(agent.agentId),
      () => client.readTrustRoots(),
      () => client.readHubHead(),
    ]) {
      expect(await refusalOf(call())).toBe('nothing')
    }
    const digest = `sha256:${'0'.repeat(64)}`
    const hash = encodeBase64url(randomBytes(32))
    const code = { agentId: randomUUIDv7(), redeemHash: hash, sealedEnrolment: 'sealed', expiresAt }
    for (const call of [
      () => client.listAgents(),
      () => client.addCode(code),
      () => client.storeBundle(digest, new Uint8Array(1)),
      () => client.witnessHead({ note: 'x', oldSize: 0, consistency: [], hubSize: 0 }),
      () => client.takeDeliveries({ waitSeconds: 0 }),
    ]) {
      expect(await refusalOf(call())).toBe('403 ERR_ROLE')
    }
  })
})
