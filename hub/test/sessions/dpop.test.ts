// SPDX-License-Identifier: Apache-2.0
/** What whoever intercepts a token, a proof or both can do with it: nothing. And keys that change without a gap. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeDpopKey } from '@sallyport/core/crypto'
import { randomBytes } from 'node:crypto'
import {
  DPOP_KEY,
  accessHeaders,
  askNonce,
  errorCodeOf,
  makeProof,
  openSession,
  openToken,
  proofOf,
  send,
  type DpopChanges,
  type RawAnswer,
} from '../support/raw.ts'
import { MINUTE, TestSite } from '../support/site.ts'

const HOUR = 60 * MINUTE
const THIEF = makeDpopKey(randomBytes(48))

describe('a request of a session', () => {
  let site: TestSite
  let token: string
  beforeAll(async () => {
    site = await TestSite.open()
    token = (await openToken(site.url, site.operatorIdentity)).token
  })
  afterAll(() => site[Symbol.asyncDispose]())

  const url = () => `${site.url}/v1/agents`
  const outcome = (answer: RawAnswer) =>
    answer.status === 200 ? 'let in' : `${answer.status} ${errorCodeOf(answer)}`
  const list = async (changes: DpopChanges = {}) =>
    outcome(await send(url(), { headers: await accessHeaders('GET', url(), token, changes) }))

  it('is let in with its proof, once', async () => {
    const headers = await accessHeaders('GET', url(), token)
    expect(outcome(await send(url(), { headers }))).toBe('let in')
    expect(outcome(await send(url(), { headers }))).toBe('401 ERR_DPOP_PROOF')
  })

  it('is let in once when it is sent fifty times at the same moment', async () => {
    const headers = await accessHeaders('GET', url(), token)
    const all = Array.from({ length: 50 }, () => send(url(), { headers }))
    expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is not let in by the token alone, in whatever words', async () => {
    for (const authorization of [`Bearer ${token}`, `DPoP ${token}`, `dpop ${token}`, token]) {
      expect((await send(url(), { headers: { authorization } })).status).toBe(401)
    }
  })

  it('is not let in by the proof alone', async () => {
    const dpop = await proofOf('GET', url(), token)
    expect(outcome(await send(url(), { headers: { dpop } }))).toBe('401 ERR_SESSION')
  })

  it.each<[string, DpopChanges]>([
    ['by another key', { key: THIEF }],
    ['for another method', { method: 'POST' }],
    ['for another path', { url: 'http://127.0.0.1/v1/envelopes' }],
    ['for another hub', { url: 'https://hub.example/v1/agents' }],
    ['for no path of ours', { url: 'nothing' }],
    ['for another token', { ofToken: 'a.b.c' }],
    ['for no token', { ofToken: undefined }],
  ])('is not let in with a proof that was made %s', async (_, changes) => {
    const own = changes.url?.replace('http://127.0.0.1', site.url)
    const all = own === undefined ? changes : { ...changes, url: own }
    expect(await list(all)).toBe('401 ERR_DPOP_PROOF')
  })

  it('is not let in with two proofs, of which one is good', async () => {
    const headers = await accessHeaders('GET', url(), token)
    const other = await proofOf('GET', url(), token, { key: THIEF })
    const both = { ...headers, dpop: [headers['dpop'] ?? '', other] as unknown as string }
    expect(outcome(await send(url(), { headers: both }))).toBe('400 ERR_HTTP')
  })

  it('is asked again for a proof without a nonce of this hub, and is told one', async () => {
    const headers = await accessHeaders('GET', url(), token, { nonce: undefined })
    const answer = await send(url(), { headers })
    expect(outcome(answer)).toBe('401 ERR_DPOP_NONCE')
    expect(answer.headers['www-authenticate']).toContain('error="use_dpop_nonce"')
    expect(await list({ nonce: String(answer.headers['dpop-nonce']) })).toBe('let in')
    const forged = randomBytes(32).toString('base64url')
    expect(await list({ nonce: forged })).toBe('401 ERR_DPOP_NONCE')
  })

  it('may spell its path as something between spelt it', async () => {
    expect(await list({ url: `${site.url}/v1/%61gents` })).toBe('let in')
    expect(await list({ url: `${site.url}/v1/%2e%2e/v1/agents` })).toMatch(/^401/)
  })

  it('is not let in with a proof that was kept, whatever its own clock said', async () => {
    const headers = await accessHeaders('GET', url(), token)
    site.clock.turn(3 * MINUTE + 15_000)
    expect(outcome(await send(url(), { headers }))).toBe('401 ERR_DPOP_NONCE')
    expect(await list()).toBe('let in')
  })

  it('needs a nonce of now, not one that will be', async () => {
    const nonce = await askNonce(url())
    site.clock.turn(-2 * MINUTE)
    expect(await list({ nonce })).toBe('401 ERR_DPOP_NONCE')
    site.clock.turn(2 * MINUTE)
  })

  it('is not let in by a session that a thief opens with a proof that was intercepted', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    const stolen = await openSession(site.url, proof, { key: THIEF })
    expect(errorCodeOf(stolen)).toBe('ERR_SESSION_PROOF')
    const own = await makeProof(site.url, site.operatorIdentity, { dpop: THIEF.thumbprint })
    expect(errorCodeOf(await openSession(site.url, own))).toBe('ERR_SESSION_PROOF')
  })

  it('is not let in when the session was opened without a proof of its key', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    const body = JSON.stringify({ proof })
    const headers = { 'content-type': 'application/json' }
    const answer = await send(`${site.url}/v1/sessions`, { method: 'POST', headers, body })
    expect(outcome(answer)).toBe('401 ERR_DPOP_PROOF')
    expect((await openSession(site.url, proof, { key: DPOP_KEY })).status).toBe(200)
  })

  it('gets another session, with another token, each time', async () => {
    const again = await openToken(site.url, site.operatorIdentity)
    expect(again.token).not.toBe(token)
  })
})

describe('the keys of a hub', () => {
  it('change without a gap: a token of the one before lives on to its end', async () => {
    await using site = await TestSite.open({ sessionKeyMs: HOUR })
    const url = `${site.url}/v1/agents`
    const list = async (token: string) => {
      const answer = await send(url, { headers: await accessHeaders('GET', url, token) })
      return answer.status
    }
    const toNext = HOUR - (site.clock.now() % HOUR)
    site.clock.turn(toNext - 2_000)
    const before = (await openToken(site.url, site.operatorIdentity)).token
    expect(await list(before)).toBe(200)
    site.clock.turn(4_000)
    const after = (await openToken(site.url, site.operatorIdentity)).token
    expect([before, after].map(keyIdOf)).toEqual([keyIdOf(before), nextOf(keyIdOf(before))])
    expect([await list(before), await list(after)]).toEqual([200, 200])
    await site.stop()
    await site.start({ sessionKeyMs: HOUR })
    expect([await list(before), await list(after)]).toEqual([200, 200])
    site.clock.turn(5 * MINUTE)
    expect([await list(before), await list(after)]).toEqual([401, 401])
  })

  it('do not hinder a client that works while they change', async () => {
    await using site = await TestSite.open({ sessionKeyMs: 15 * MINUTE })
    for (let step = 0; step < 40; step += 1) {
      site.clock.turn(MINUTE)
      expect((await site.operator.listAgents()).agents).toEqual([])
    }
  })
})

function keyIdOf(token: string): string {
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return String((JSON.parse(header) as { kid: string }).kid)
}

function nextOf(keyId: string): string {
  const [algorithm, slot] = keyId.split('-')
  return `${algorithm}-${Number(slot) + 1}`
}
