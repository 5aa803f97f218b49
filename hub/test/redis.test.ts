// SPDX-License-Identifier: Apache-2.0
/** A hub with a Redis that is restarted, flushed, frozen or gone: nothing is let in twice, and jobs go on. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { patient } from '../../test/support/patience.ts'
import { TestRedis } from '../../test/support/redis.ts'
import {
  accessHeaders,
  errorCodeOf,
  makeProof,
  openSession,
  openToken,
  send,
  sendJson,
  type RawAnswer,
} from './support/raw.ts'
import { TestSite } from './support/site.ts'

const SLOW = 60_000

describe('a hub with Redis', () => {
  let redis: TestRedis
  let site: TestSite
  beforeEach(async () => {
    redis = await TestRedis.start()
    site = await TestSite.open({}, { redis: redis.url })
  })
  afterEach(async () => {
    await site[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  const agents = () => `${site.url}/v1/agents`
  const captured = async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    const headers = await accessHeaders('GET', agents(), token)
    return { token, headers }
  }
  const outcome = (answer: RawAnswer) =>
    answer.status === 200 ? 'let in' : `${answer.status} ${errorCodeOf(answer)}`
  const replay = async (headers: Record<string, string>) =>
    outcome(await send(agents(), { headers }))
  const degraded = async () => (await site.operator.ready()).degraded
  const until = async (check: () => Promise<boolean>) => {
    const deadline = performance.now() + patient(15_000)
    while (!(await check())) {
      if (performance.now() > deadline) throw new Error('it never came')
      await sleep(100)
    }
  }
  /** One job there and back. */
  const oneJob = async () => {
    const agent = await site.enrol()
    const envelopeId = await site.submit(agent)
    const [delivery] = await agent.client.takeDeliveries({ waitSeconds: 5 })
    await agent.client.answerEnvelope(delivery?.envelopeId ?? '', 'sealed result')
    return (await site.operator.showEnvelope(envelopeId)).state
  }

  it('keeps what was used in Redis', async () => {
    const { headers } = await captured()
    expect(await replay(headers)).toBe('let in')
    expect(await replay(headers)).toBe('401 ERR_DPOP_PROOF')
    expect(await redis.command('DBSIZE')).toBeGreaterThan(2)
    expect(await degraded()).not.toContain('redis')
  })

  it('lets no proof in again after Redis was flushed, used or not', async () => {
    const used = await captured()
    expect(await replay(used.headers)).toBe('let in')
    const unused = await captured()
    const proof = await makeProof(site.url, site.operatorIdentity)
    expect((await openSession(site.url, proof)).status).toBe(200)
    await redis.command('FLUSHALL')
    for (const { headers } of [used, unused, used]) {
      expect(await replay(headers)).toBe('401 ERR_DPOP_NONCE')
    }
    expect(outcome(await openSession(site.url, proof))).toBe('401 ERR_SESSION_PROOF')
    expect(await oneJob()).toBe('answered')
  })

  it('lets no proof in again after Redis was restarted from what it had saved before', async () => {
    const { headers } = await captured()
    await redis.command('SAVE')
    expect(await replay(headers)).toBe('let in')
    await redis.kill()
    expect(await replay(headers)).toBe('401 ERR_DPOP_NONCE')
    await redis.start()
    await until(async () => !(await degraded()).includes('redis'))
    expect(await replay(headers)).toBe('401 ERR_DPOP_NONCE')
    expect(await oneJob()).toBe('answered')
  })

  it(
    'goes on while Redis is gone, and says that it is degraded',
    async () => {
      const { headers } = await captured()
      expect(await replay(headers)).toBe('let in')
      await redis.kill()
      expect(await oneJob()).toBe('answered')
      expect(await replay(headers)).toBe('401 ERR_DPOP_NONCE')
      await until(async () => (await degraded()).includes('redis'))
      const during = await captured()
      expect(await replay(during.headers)).toBe('let in')
      expect(await replay(during.headers)).toBe('401 ERR_DPOP_PROOF')
      await redis.start()
      await until(async () => !(await degraded()).includes('redis'))
      expect(await replay(during.headers)).toBe('401 ERR_DPOP_PROOF')
      expect(await oneJob()).toBe('answered')
    },
    SLOW,
  )

  it(
    'goes on while Redis hangs, and forgets nothing by it',
    async () => {
      const { headers } = await captured()
      expect(await replay(headers)).toBe('let in')
      redis.freeze()
      const startedAt = performance.now()
      expect(await oneJob()).toBe('answered')
      expect(performance.now() - startedAt).toBeLessThan(patient(10_000))
      redis.thaw()
      await until(async () => !(await degraded()).includes('redis'))
      expect(await replay(headers)).toBe('401 ERR_DPOP_PROOF')
    },
    SLOW,
  )

  it('knows an ended session, with Redis and without', async () => {
    const { token } = await captured()
    const list = async () =>
      outcome(await send(agents(), { headers: await accessHeaders('GET', agents(), token) }))
    expect(await list()).toBe('let in')
    await sendJson(`${site.url}/v1/sessions/end`, '{}', { token })
    expect(await list()).toBe('401 ERR_SESSION')
    await redis.command('FLUSHALL')
    expect(await list()).toBe('401 ERR_SESSION')
    await redis.kill()
    expect(await list()).toBe('401 ERR_SESSION')
  })

  it('starts without Redis, and takes it when it comes', async () => {
    await site.stop()
    await redis.kill()
    await site.start()
    expect(await oneJob()).toBe('answered')
    expect(await degraded()).toContain('redis')
    await redis.start()
    await until(async () => !(await degraded()).includes('redis'))
  })
})

describe('a hub with tokens of HS512', () => {
  it('serves as any other, says that it is weaker, and takes no token of before', async () => {
    await using site = await TestSite.open()
    const url = `${site.url}/v1/agents`
    const { token } = await openToken(site.url, site.operatorIdentity)
    const list = async (of: string) => {
      const answer = await send(url, { headers: await accessHeaders('GET', url, of) })
      return answer.status
    }
    expect(await list(token)).toBe(200)
    await site.stop()
    await site.start({}, { legacyHs512: true })
    expect(await list(token)).toBe(401)
    const legacy = await openToken(site.url, site.operatorIdentity)
    expect(Buffer.from(legacy.token.split('.')[0]!, 'base64url').toString()).toContain('HS512')
    expect(await list(legacy.token)).toBe(200)
    expect((await site.operator.ready()).degraded).toContain('legacy_hs512')
  })
})
