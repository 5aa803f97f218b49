// SPDX-License-Identifier: Apache-2.0
/** The life of an agent at the hub: let in, replaced, sent away, and two with one identity. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import type { Identity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { patient } from '../../../test/support/patience.ts'
import { errorCodeOf, makeProof, openSession } from '../support/raw.ts'
import { MINUTE, TestSite, anyone, redemption, refusalOf } from '../support/site.ts'

let site: TestSite
const scope = new AsyncDisposableStack()

beforeAll(async () => {
  site = scope.use(await TestSite.open())
})
afterAll(() => scope.disposeAsync())

const redeem = (redeemToken: string, identity: Identity) =>
  site.connect(identity).redeemCode(redemption(redeemToken, identity))
const keyOf = (identity: Identity) => encodeBase64url(identity.signing.publicKey)

async function standingOf(agentId: string): Promise<string | undefined> {
  const { agents } = await site.operator.listAgents({ limit: 100 })
  return agents.find((agent) => agent.agentId === agentId)?.standing
}

/** The agent as one start of its program. */
function startOf(identity: Identity): HubClient {
  const instance = { id: encodeBase64url(randomBytes(16)), startCount: 1 }
  const options = { url: site.url, key: identity.signing, clock: site.clock, instance }
  return scope.use(openHubClient(options))
}

describe('an agent that must be let in', () => {
  it('gets nothing and is nobody until an operator confirms its very key', async () => {
    const identity = anyone()
    const { agentId, redeemToken } = await site.addCode({ mustConfirm: true })
    expect(await refusalOf(redeem(redeemToken, identity))).toBe('409 ERR_ENROLMENT_WAITING')
    expect(await standingOf(agentId)).toBe('waiting')
    expect(await refusalOf(site.connect(identity).takeDeliveries())).toBe('401 ERR_SESSION_PROOF')

    const other = site.operator.confirmAgent(agentId, keyOf(anyone()))
    expect(await refusalOf(other)).toBe('409 ERR_AGENT_STANDING')
    expect(await refusalOf(redeem(redeemToken, identity))).toBe('409 ERR_ENROLMENT_WAITING')

    await site.operator.confirmAgent(agentId, keyOf(identity))
    await site.operator.confirmAgent(agentId, keyOf(identity))
    expect((await redeem(redeemToken, identity)).agentId).toBe(agentId)
    expect(await standingOf(agentId)).toBe('active')
    expect(await site.connect(identity).takeDeliveries({ waitSeconds: 0 })).toEqual([])
  })

  it('holds its code against every other key', async () => {
    const { redeemToken } = await site.addCode({ mustConfirm: true })
    await refusalOf(redeem(redeemToken, anyone()))
    expect(await refusalOf(redeem(redeemToken, anyone()))).toBe('404 ERR_CODE_REFUSED')
  })

  it('may be let in after its code has ended, for a day', async () => {
    const [soon, late] = [anyone(), anyone()]
    const codes = [
      await site.addCode({ mustConfirm: true, lifetimeMs: MINUTE }),
      await site.addCode({ mustConfirm: true, lifetimeMs: MINUTE }),
    ] as const
    await refusalOf(redeem(codes[0].redeemToken, soon))
    await refusalOf(redeem(codes[1].redeemToken, late))
    site.clock.turn(23 * 60 * MINUTE)
    await site.operator.confirmAgent(codes[0].agentId, keyOf(soon))
    expect(await refusalOf(redeem(codes[0].redeemToken, soon))).toBe('nothing')
    site.clock.turn(2 * 60 * MINUTE)
    await site.operator.confirmAgent(codes[1].agentId, keyOf(late))
    expect(await refusalOf(redeem(codes[1].redeemToken, late))).toBe('404 ERR_CODE_REFUSED')
  })

  it('can be turned away instead', async () => {
    const identity = anyone()
    const { agentId, redeemToken } = await site.addCode({ mustConfirm: true })
    await refusalOf(redeem(redeemToken, identity))
    await site.operator.revokeAgent(agentId)
    expect(await refusalOf(redeem(redeemToken, identity))).toBe('404 ERR_CODE_REFUSED')
    const call = site.operator.confirmAgent(agentId, keyOf(identity))
    expect(await refusalOf(call)).toBe('409 ERR_AGENT_STANDING')
  })
})

describe('a code made anew', () => {
  it('ends the unused one before it', async () => {
    const first = await site.addCode()
    const second = await site.addCode({ replaces: [first.agentId] })
    expect(await refusalOf(redeem(first.redeemToken, anyone()))).toBe('404 ERR_CODE_REFUSED')
    expect(await refusalOf(redeem(second.redeemToken, anyone()))).toBe('nothing')
  })

  it('sends away who took the one before it, when it is redeemed and not sooner', async () => {
    const first = await site.enrol()
    const second = await site.addCode({ replaces: [first.agentId] })
    expect(await standingOf(first.agentId)).toBe('active')
    expect(await first.client.takeDeliveries({ waitSeconds: 0 })).toEqual([])
    await redeem(second.redeemToken, anyone())
    expect(await standingOf(first.agentId)).toBe('revoked')
    const poll = first.client.takeDeliveries({ waitSeconds: 0 })
    expect(await refusalOf(poll)).toBe('403 ERR_AGENT_REVOKED')
  })

  it('sends away the one before it only once its own agent is let in', async () => {
    const first = await site.enrol()
    const identity = anyone()
    const second = await site.addCode({ replaces: [first.agentId], mustConfirm: true })
    await refusalOf(redeem(second.redeemToken, identity))
    expect(await standingOf(first.agentId)).toBe('active')
    await site.operator.confirmAgent(second.agentId, keyOf(identity))
    expect(await standingOf(first.agentId)).toBe('revoked')
  })

  it('does not touch agents of another site', async () => {
    await using other = await TestSite.open()
    const agent = await other.enrol()
    const code = await site.addCode({ replaces: [agent.agentId] })
    await redeem(code.redeemToken, anyone())
    expect((await other.operator.listAgents()).agents[0]?.standing).toBe('active')
  })
})

describe('an agent that is sent away', () => {
  it('loses the poll that is open, its token and its key at once', async () => {
    const agent = await site.enrol()
    await agent.client.takeDeliveries({ waitSeconds: 0 })
    const startedMs = performance.now()
    const poll = refusalOf(agent.client.takeDeliveries({ waitSeconds: 50 }))
    await new Promise((done) => setTimeout(done, 100))
    await site.operator.revokeAgent(agent.agentId)
    expect(await poll).toBe('403 ERR_AGENT_REVOKED')
    expect(performance.now() - startedMs).toBeLessThan(patient(5_000))
    expect(await refusalOf(agent.client.describeAgent('x x'))).toBe('403 ERR_AGENT_REVOKED')
    expect(await refusalOf(startOf(agent.identity).readOwnHead())).toBe('403 ERR_AGENT_REVOKED')
    await site.operator.revokeAgent(agent.agentId)
  })

  it('before it came, has no code any more', async () => {
    const { agentId, redeemToken } = await site.addCode()
    await site.operator.revokeAgent(agentId)
    expect(await refusalOf(redeem(redeemToken, anyone()))).toBe('404 ERR_CODE_REFUSED')
  })

  it('gets no job, and its key makes no other agent', async () => {
    const agent = await site.enrol()
    await site.operator.revokeAgent(agent.agentId)
    expect(await refusalOf(site.submit(agent))).toBe('409 ERR_AGENT_STANDING')
    const { redeemToken } = await site.addCode()
    expect(await refusalOf(redeem(redeemToken, agent.identity))).toBe('404 ERR_CODE_REFUSED')
  })

  it('is sent away by an operator of its site and by nobody else', async () => {
    const agent = await site.enrol()
    expect(await refusalOf(agent.client.revokeAgent(agent.agentId))).toBe('403 ERR_ROLE')
    await using other = await TestSite.open()
    const call = other.operator.revokeAgent(agent.agentId)
    expect(await refusalOf(call)).toBe('404 ERR_AGENT_UNKNOWN')
    const unknown = site.operator.revokeAgent(randomUUIDv7())
    expect(await refusalOf(unknown)).toBe('404 ERR_AGENT_UNKNOWN')
    expect(await standingOf(agent.agentId)).toBe('active')
  })
})

describe('two programs with one identity', () => {
  /** One start of an agent's program that lives on: what it asks is answered, or what the hub said instead. */
  const asks = (client: HubClient) => refusalOf(client.takeDeliveries({ waitSeconds: 0 }))

  it('are both stopped when the first comes again, and their polls end', async () => {
    const { agentId, identity } = await site.enrol()
    const [first, second] = [startOf(identity), startOf(identity)]
    expect([await asks(first), await asks(second)]).toEqual(['nothing', 'nothing'])
    const poll = refusalOf(second.takeDeliveries({ waitSeconds: 50 }))
    await new Promise((done) => setTimeout(done, 100))
    const startedMs = performance.now()
    expect(await asks(first)).toBe('403 ERR_AGENT_TWINS')
    expect(await poll).toBe('403 ERR_AGENT_TWINS')
    expect(performance.now() - startedMs).toBeLessThan(patient(5_000))
    expect(await asks(second)).toBe('403 ERR_AGENT_TWINS')
    expect(await standingOf(agentId)).toBe('twins')
  })

  it('stay stopped over restarts of either, until an operator releases them', async () => {
    const { agentId, identity } = await site.enrol()
    const [first, second] = [startOf(identity), startOf(identity)]
    for (const client of [first, second, first]) await asks(client)
    expect(await asks(startOf(identity))).toBe('403 ERR_AGENT_TWINS')
    await site.operator.releaseAgent(agentId)
    await site.operator.releaseAgent(agentId)
    site.clock.turn(MINUTE)
    expect(await asks(second)).toBe('nothing')
    expect(await standingOf(agentId)).toBe('active')
    expect([await asks(first), await asks(second)]).toEqual(['nothing', '403 ERR_AGENT_TWINS'])
  })

  it('are told once, and ask again a minute later and not sooner', async () => {
    const { agentId, identity } = await site.enrol()
    const [first, second] = [startOf(identity), startOf(identity)]
    for (const client of [first, second, first]) await asks(client)
    await site.operator.releaseAgent(agentId)
    expect(await asks(first)).toBe('403 ERR_AGENT_TWINS')
    site.clock.turn(MINUTE)
    expect(await asks(first)).toBe('nothing')
  })

  it('are not what many restarts are, nor what comes late of a start that is over', async () => {
    const { agentId, identity } = await site.enrol()
    let last = startOf(identity)
    for (let start = 0; start < 12; start += 1) {
      expect(await asks(last)).toBe('nothing')
      last = startOf(identity)
    }
    expect(await standingOf(agentId)).toBe('active')
  })

  it('are not what comes late of a start that is over, but what comes after its successor', async () => {
    const { agentId, identity } = await site.enrol()
    const first = await makeProof(site.url, identity)
    expect((await openSession(site.url, first)).status).toBe(200)
    // On its way when the program ended and the next one began.
    const late = await makeProof(site.url, identity)
    const next = startOf(identity)
    expect(await asks(next)).toBe('nothing')
    expect(errorCodeOf(await openSession(site.url, late))).toBe('ERR_SESSION_PROOF')
    expect(await standingOf(agentId)).toBe('active')
    expect(await asks(next)).toBe('nothing')
    const alive = await makeProof(site.url, identity)
    expect(errorCodeOf(await openSession(site.url, alive))).toBe('ERR_AGENT_TWINS')
  })

  it('are released by an operator, and only when they were stopped', async () => {
    const { agentId, client } = await site.enrol()
    await site.operator.releaseAgent(agentId)
    await site.operator.revokeAgent(agentId)
    expect(await refusalOf(site.operator.releaseAgent(agentId))).toBe('409 ERR_AGENT_STANDING')
    expect(await refusalOf(client.releaseAgent(agentId))).toBe('403 ERR_AGENT_REVOKED')
  })
})
