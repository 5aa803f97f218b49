// SPDX-License-Identifier: Apache-2.0
/** Who is let through, who is not, and whom attempts count against. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { routes } from '@sallyport/core/transport'
import { openGuard, type TestGuard } from '../support/guard.ts'

const AGENT = { role: 'agent', siteId: 'home', keyId: 'agent-key', agentId: 'a' } as const
const OPERATOR = { role: 'operator', siteId: 'home', keyId: 'operator-key' } as const
const LADDER = {
  backOffAfter: 3,
  backOffFirstMs: 60_000,
  penaltyAfter: 3,
  penaltyMs: 1,
  lockOutAfter: 4,
}

function from(address: string, headers: Record<string, string> = {}): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: address })
  return Object.assign(new IncomingMessage(socket), { headers })
}

const bearing = (token: string, address = '192.0.2.1') =>
  from(address, { authorization: `DPoP ${token}` })

/** A request to a route that needs no session, and how it ended. */
async function guess({ guard }: TestGuard, address: string, code = 'ERR_CODE_REFUSED') {
  const request = from(address)
  await guard.admitSource(request, routes.redeemCode)
  await guard.failed(request, undefined, code)
}

async function lockOut(test: TestGuard, address: string): Promise<void> {
  for (let n = 0; n < 3; n += 1) await guess(test, address)
}

describe('the guard', () => {
  it('refuses the guesses of an address after a few, and says how long', async () => {
    const test = openGuard(LADDER)
    await lockOut(test, '192.0.2.1')
    const refused = test.guard.admitSource(from('192.0.2.1'), routes.redeemCode)
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_LOCKED_OUT',
      details: { retryAfterMs: expect.any(Number) },
    })
    await test.guard.admitSource(from('192.0.2.2'), routes.redeemCode)
    expect(test.notes).toMatchObject([{ step: 'penalised', source: '192.0.2.1' }])
  })

  it('takes all addresses of one /64 for one', async () => {
    const test = openGuard(LADDER)
    for (const end of ['1', '2', '3']) await guess(test, `2001:db8::${end}`)
    const refused = test.guard.admitSource(from('2001:db8::4'), routes.redeemCode)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
  })

  it('believes no header about the source', async () => {
    const test = openGuard(LADDER)
    for (const n of [1, 2, 3]) {
      const request = from('192.0.2.1', { 'x-forwarded-for': `198.51.100.${n}` })
      await test.guard.admitSource(request, routes.redeemCode)
      await test.guard.failed(request, undefined, 'ERR_CODE_REFUSED')
    }
    const last = from('192.0.2.1', { 'x-forwarded-for': '198.51.100.9' })
    const refused = test.guard.admitSource(last, routes.redeemCode)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
  })

  it('answers for its health whatever the address did', async () => {
    const test = openGuard(LADDER)
    await lockOut(test, '192.0.2.1')
    await test.guard.admitSource(from('192.0.2.1'), routes.health)
  })

  it('lets those go on from a locked address whose token was alive before', async () => {
    const test = openGuard({ ...LADDER, trialsPerSource: 1 })
    const request = bearing('a.b.c')
    await test.guard.admitSource(request, routes.takeDeliveries)
    await test.guard.admitKnown(request, AGENT, routes.takeDeliveries)
    await lockOut(test, '192.0.2.1')
    for (let n = 0; n < 5; n += 1) {
      await test.guard.admitSource(bearing('a.b.c'), routes.takeDeliveries)
    }
    // Others have a few trials, and those without any token none.
    await test.guard.admitSource(bearing('d.e.f'), routes.takeDeliveries)
    const over = test.guard.admitSource(bearing('d.e.f'), routes.takeDeliveries)
    await expect(over).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
    const bare = test.guard.admitSource(from('192.0.2.1'), routes.takeDeliveries)
    await expect(bare).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
  })

  it('lets known keys open sessions from a locked address, and no others', async () => {
    const test = openGuard(LADDER, { known: ['agent-key'] })
    await lockOut(test, '192.0.2.1')
    const known = from('192.0.2.1')
    await test.guard.admitSource(known, routes.openSession)
    await test.guard.admitClaim(known, 'agent-key')
    const other = from('192.0.2.1')
    await test.guard.admitSource(other, routes.openSession)
    const refused = test.guard.admitClaim(other, 'other-key')
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
  })

  it('counts the failing proofs of one key against its address a few times only', async () => {
    const test = openGuard({ ...LADDER, attemptsPerPair: 2, lockOutAfter: 50 })
    for (let n = 0; n < 3; n += 1) {
      const request = from('192.0.2.1')
      await test.guard.admitSource(request, routes.openSession)
      await test.guard.admitClaim(request, 'dead-key')
      await test.guard.failed(request, undefined, 'ERR_SESSION_PROOF')
    }
    const again = from('192.0.2.1')
    await test.guard.admitSource(again, routes.openSession)
    const refused = test.guard.admitClaim(again, 'dead-key')
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
    const neighbour = from('192.0.2.1')
    await test.guard.admitSource(neighbour, routes.openSession)
    await test.guard.admitClaim(neighbour, 'other-key')
    await test.guard.admitSource(from('192.0.2.1'), routes.redeemCode)
  })

  it('never counts against a key what others could have sent in its name', async () => {
    const test = openGuard({ ...LADDER, quarantineAfter: 1 }, { known: ['agent-key'] })
    for (let n = 0; n < 20; n += 1) {
      const request = from(`192.0.2.${n}`)
      await test.guard.admitSource(request, routes.openSession)
      await test.guard.admitClaim(request, 'agent-key')
      await test.guard.failed(request, undefined, 'ERR_SESSION_PROOF')
    }
    const own = bearing('a.b.c', '198.51.100.1')
    await test.guard.admitSource(own, routes.openSession)
    await test.guard.admitClaim(own, 'agent-key')
    await test.guard.admitKnown(own, AGENT, routes.takeDeliveries)
    expect(test.notes.filter((note) => 'key' in note)).toEqual([])
  })

  it('locks a key out that misuses its own session, from wherever it comes', async () => {
    const test = openGuard({ ...LADDER, quarantineAfter: 1 })
    for (let n = 0; n < 4; n += 1) {
      await test.guard.failed(bearing('a.b.c', `192.0.2.${n}`), AGENT, 'ERR_JSON_FORM')
    }
    const refused = test.guard.admitKnown(bearing('a.b.c'), AGENT, routes.takeDeliveries)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LOCKED_OUT' })
    expect(test.notes.at(-1)).toMatchObject({ step: 'quarantined', key: { keyId: 'agent-key' } })
    await test.guard.forgive('agent-key')
    await test.guard.admitKnown(bearing('a.b.c'), AGENT, routes.takeDeliveries)
  })

  it('puts no operator into quarantine, whom nobody might be left to let in', async () => {
    const test = openGuard({ ...LADDER, quarantineAfter: 1 })
    for (let n = 0; n < 4; n += 1) {
      await test.guard.failed(bearing('a.b.c'), OPERATOR, 'ERR_JSON_FORM')
    }
    expect(test.notes.at(-1)).toMatchObject({ step: 'locked-out' })
  })

  it('refuses a key that is out', async () => {
    const test = openGuard()
    test.out.add('agent-key')
    const refused = test.guard.admitKnown(bearing('a.b.c'), AGENT, routes.takeDeliveries)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_QUARANTINED' })
  })

  it('counts no refusal that programs of ours meet', async () => {
    const test = openGuard(LADDER)
    for (const code of ['ERR_ENVELOPE_UNKNOWN', 'ERR_ALREADY_ANSWERED', 'ERR_QUEUE_FULL']) {
      for (let n = 0; n < 9; n += 1) await test.guard.failed(bearing('a.b.c'), AGENT, code)
    }
    const alive = bearing('a.b.c')
    await test.guard.admitSource(alive, routes.takeDeliveries)
    await test.guard.admitKnown(alive, AGENT, routes.takeDeliveries)
    // A session that has ended is opened again.
    for (let n = 0; n < 9; n += 1) {
      const request = bearing('a.b.c')
      await test.guard.admitSource(request, routes.takeDeliveries)
      await test.guard.failed(request, undefined, 'ERR_SESSION')
    }
    await test.guard.admitSource(from('192.0.2.1'), routes.redeemCode)
  })

  it('bounds the requests of each kind of an agent, each key for itself', async () => {
    const test = openGuard({ pollsPerAgent: 2 })
    const poll = (keyId: string) =>
      test.guard.admitKnown(bearing('a.b.c'), { ...AGENT, keyId }, routes.takeDeliveries)
    await poll('one')
    await poll('one')
    await expect(poll('one')).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
    await poll('two')
    await test.guard.admitKnown(bearing('a.b.c'), { ...AGENT, keyId: 'one' }, routes.answerEnvelope)
    expect(test.counts.list()).toEqual([{ what: 'rate', of: 'key', count: 1 }])
  })

  it('bounds what an address asks for without a session, and gives back what turned out to have one', async () => {
    const test = openGuard({ requestsPerSource: 2, sessionsPerSource: 2 })
    for (let n = 0; n < 5; n += 1) {
      const request = bearing(`token.${n}.c`)
      await test.guard.admitSource(request, routes.takeDeliveries)
      await test.guard.admitKnown(request, AGENT, routes.takeDeliveries)
      await test.guard.admitSource(from('192.0.2.1'), routes.askChallenge)
      const opening = from('192.0.2.1')
      await test.guard.admitSource(opening, routes.openSession)
      await test.guard.succeeded(opening, routes.openSession)
    }
    await test.guard.admitSource(from('192.0.2.1'), undefined)
    await test.guard.admitSource(from('192.0.2.1'), undefined)
    const unknown = test.guard.admitSource(from('192.0.2.1'), undefined)
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
    for (let n = 0; n < 2; n += 1) {
      const asked = from('192.0.2.1')
      await test.guard.admitSource(asked, routes.askChallenge)
      await test.guard.succeeded(asked, routes.askChallenge)
    }
    const challenge = test.guard.admitSource(from('192.0.2.1'), routes.askChallenge)
    await expect(challenge).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
  })

  it('holds back no more answers at once than it may', async () => {
    const test = openGuard({
      penaltyAfter: 1,
      penaltyMs: 2_000,
      penaltiesAtOnce: 2,
      backOffAfter: 1,
    })
    const started = performance.now()
    const tookMs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        await test.guard.failed(from('192.0.2.1'), undefined, 'ERR_HTTP')
        return performance.now() - started
      }),
    )
    expect(tookMs.filter((ms) => ms >= 1_900)).toHaveLength(2)
  })
})
