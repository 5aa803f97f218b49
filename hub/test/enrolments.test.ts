// SPDX-License-Identifier: Apache-2.0
/** Enrolment: a code makes one agent, for one key, once. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { encodeBase64url } from '@sallyport/core/protocol'
import { errorCodeOf, sendJson } from './support/raw.ts'
import { MINUTE, TestSite, anyone, makeCode, redemption, refusalOf } from './support/site.ts'

const REFUSED = '404 ERR_CODE_REFUSED'

describe('enrolment', () => {
  let site: TestSite
  beforeEach(async () => {
    site = await TestSite.open()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const redeem = (redeemToken: string, identity = anyone()) =>
    site.connect(identity).redeemCode(redemption(redeemToken, identity))

  it('gives the sealed enrolment to whoever shows the token, and makes an agent', async () => {
    const code = await site.addCode()
    const answer = await redeem(code.redeemToken)
    expect(answer).toEqual({ agentId: code.agentId, sealedEnrolment: 'sealed enrolment' })
    const { agents } = await site.operator.listAgents()
    expect(agents.map((agent) => agent.agentId)).toEqual([code.agentId])
  })

  it('gives the same key the same again, for a lost answer', async () => {
    const { redeemToken } = await site.addCode()
    const identity = anyone()
    expect(await redeem(redeemToken, identity)).toEqual(await redeem(redeemToken, identity))
    expect((await site.operator.listAgents()).agents).toHaveLength(1)
  })

  it('refuses a second key', async () => {
    const { redeemToken } = await site.addCode()
    await redeem(redeemToken)
    expect(await refusalOf(redeem(redeemToken))).toBe(REFUSED)
    expect((await site.operator.listAgents()).agents).toHaveLength(1)
  })

  it('lets one of fifty keys win that race for one code', async () => {
    const { redeemToken } = await site.addCode()
    const identities = Array.from({ length: 50 }, () => anyone())
    const outcomes = await Promise.all(
      identities.map((identity) => refusalOf(redeem(redeemToken, identity))),
    )
    expect(outcomes.filter((outcome) => outcome === 'nothing')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === REFUSED)).toHaveLength(49)
    expect((await site.operator.listAgents()).agents).toHaveLength(1)
  })

  it('gives fifty requests of one key the same', async () => {
    const { redeemToken } = await site.addCode()
    const identity = anyone()
    const calls = Array.from({ length: 50 }, () => refusalOf(redeem(redeemToken, identity)))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['nothing']))
  })

  it('refuses an expired code, also to the key that burned it', async () => {
    const unused = await site.addCode()
    const used = await site.addCode()
    const identity = anyone()
    await redeem(used.redeemToken, identity)
    site.clock.turn(30 * MINUTE)
    expect(await refusalOf(redeem(unused.redeemToken))).toBe(REFUSED)
    expect(await refusalOf(redeem(used.redeemToken, identity))).toBe(REFUSED)
  })

  it('answers in one shape whether a code is unknown, used or expired', async () => {
    const used = await site.addCode()
    const expired = await site.addCode({ lifetimeMs: 1_000 })
    await redeem(used.redeemToken)
    site.clock.turn(2_000)
    const tokens = [used.redeemToken, expired.redeemToken, makeCode(anyone()).redeemToken]
    const texts = await Promise.all(
      tokens.map(async (token) => {
        const body = JSON.stringify(redemption(token, anyone()))
        const answer = await sendJson(`${site.url}/v1/enrolments`, body)
        return `${answer.status} ${answer.text.replace(/"correlationId":"[^"]+"/, '')}`
      }),
    )
    expect(new Set(texts).size).toBe(1)
  })

  it('refuses a key that whoever asks does not hold', async () => {
    const { redeemToken } = await site.addCode()
    const victim = redemption(redeemToken, anyone())
    const thief = redemption(redeemToken, anyone())
    const client = site.connect(anyone())
    const mixed = { ...victim, possession: thief.possession }
    expect(await refusalOf(client.redeemCode(mixed))).toBe('403 ERR_POSSESSION')
    expect(await refusalOf(client.redeemCode(victim))).toBe('nothing')
  })

  it('refuses a proof of possession that was made for another token', async () => {
    const identity = anyone()
    const [one, other] = [await site.addCode(), await site.addCode()]
    const { possession } = redemption(one.redeemToken, identity)
    const mixed = { ...redemption(other.redeemToken, identity), possession }
    expect(await refusalOf(site.connect(identity).redeemCode(mixed))).toBe('403 ERR_POSSESSION')
  })

  it('refuses a key under which everything is signed', async () => {
    const { redeemToken } = await site.addCode()
    const signingKey = encodeBase64url(Uint8Array.of(1, ...new Uint8Array(31)))
    const possession = encodeBase64url(Uint8Array.of(1, ...new Uint8Array(63)))
    const call = site.connect(anyone()).redeemCode({ redeemToken, signingKey, possession })
    expect(await refusalOf(call)).toBe('400 ERR_KEY_WEAK')
  })

  it('refuses the key of an operator and leaves the code usable', async () => {
    const { redeemToken } = await site.addCode()
    expect(await refusalOf(redeem(redeemToken, site.operatorIdentity))).toBe(REFUSED)
    expect(await refusalOf(redeem(redeemToken))).toBe('nothing')
  })

  it('refuses a key that is an agent already, and an agent that has a key', async () => {
    const agent = await site.enrol()
    const { redeemToken } = await site.addCode()
    expect(await refusalOf(redeem(redeemToken, agent.identity))).toBe(REFUSED)
    const call = site.addCode({ agentId: agent.agentId })
    expect(await refusalOf(call)).toBe('409 ERR_AGENT_EXISTS')
  })

  it('makes one agent of two codes for one agent id', async () => {
    const first = await site.addCode()
    const second = await site.addCode({ agentId: first.agentId })
    await redeem(first.redeemToken)
    expect(await refusalOf(redeem(second.redeemToken))).toBe(REFUSED)
  })

  it('takes the same code twice, and refuses it with other contents', async () => {
    const code = makeCode(site.operatorIdentity)
    const body = {
      agentId: randomUUIDv7(),
      redeemHash: code.redeemHash,
      sealedEnrolment: 'sealed',
      expiresAt: site.instantIn(MINUTE),
    }
    await site.operator.addCode(body)
    await site.operator.addCode(body)
    const other = { ...body, sealedEnrolment: 'sealed otherwise' }
    expect(await refusalOf(site.operator.addCode(other))).toBe('409 ERR_CODE_CONFLICT')
  })

  it.each([0, -1, 8 * 24 * 60 * MINUTE])('refuses a code that lives %d ms', async (lifetimeMs) => {
    expect(await refusalOf(site.addCode({ lifetimeMs }))).toBe('400 ERR_CODE_LIFETIME')
  })

  it('never tells the token to the database', async () => {
    const { redeemToken } = await site.addCode()
    await redeem(redeemToken)
    const rows = JSON.stringify(await site.ask('select * from codes'))
    expect(rows).toContain('sealed enrolment')
    expect(rows).not.toContain(redeemToken)
    if (site.config.database !== undefined) return
    await site.stop()
    const bytes = await readFile(site.databaseFile)
    expect(bytes.includes(redeemToken)).toBe(false)
    expect(bytes.includes(Buffer.from(redeemToken, 'base64url'))).toBe(false)
    await site.start()
  })

  it('needs an operator to add a code', async () => {
    const answer = await sendJson(`${site.url}/v1/enrolment-codes`, '{}')
    expect([answer.status, errorCodeOf(answer)]).toEqual([401, 'ERR_SESSION'])
    const agent = await site.enrol()
    const code = makeCode(site.operatorIdentity)
    const body = {
      agentId: randomUUIDv7(),
      redeemHash: code.redeemHash,
      sealedEnrolment: 'sealed',
      expiresAt: site.instantIn(MINUTE),
    }
    expect(await refusalOf(agent.client.addCode(body))).toBe('403 ERR_ROLE')
  })
})

describe('agents', () => {
  it('are listed in pages, oldest first, each once', async () => {
    await using site = await TestSite.open()
    const enrolled: string[] = []
    for (let count = 0; count < 5; count += 1) enrolled.push((await site.enrol()).agentId)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await site.operator.listAgents({ cursor, limit: 2 })
      expect(page.agents.length).toBeLessThanOrEqual(2)
      seen.push(...page.agents.map((agent) => agent.agentId))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(enrolled)
  })

  it('describe themselves, and are seen', async () => {
    await using site = await TestSite.open()
    const agent = await site.enrol()
    await agent.client.describeAgent('first')
    await agent.client.describeAgent('second')
    const [view] = (await site.operator.listAgents()).agents
    expect(view).toMatchObject({ agentId: agent.agentId, descriptor: 'second' })
    expect(view?.lastSeenAt).not.toBeNull()
  })
})
