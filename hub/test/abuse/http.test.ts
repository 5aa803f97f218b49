// SPDX-License-Identifier: Apache-2.0
/** The ladder over HTTP: guessing, misuse of a session, quarantine and its end, and what operators see of it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { digestOf, type Identity } from '@sallyport/core/crypto'
import { patient } from '../../../test/support/patience.ts'
import {
  accessHeaders,
  errorCodeOf,
  makeProof,
  openSession,
  openToken,
  send,
  sendJson,
  type RawAnswer,
} from '../support/raw.ts'
import { TestSite, anyone, refusalOf } from '../support/site.ts'

const LADDER = {
  backOffAfter: 3,
  backOffFirstMs: 60_000,
  penaltyAfter: 5,
  penaltyMs: 1,
  lockOutAfter: 5,
  quarantineAfter: 1,
  lockOutMs: 60_000,
}
const MIB = 1_024 * 1_024
const ID = '01980000-0000-7000-8000-000000000000'

describe('whoever attempts what is not theirs', () => {
  let site: TestSite
  const open = async (limits: Parameters<typeof TestSite.open>[0]) =>
    (site = await TestSite.open(limits))
  afterEach(() => site[Symbol.asyncDispose]())

  const outcome = (answer: RawAnswer) => `${answer.status} ${errorCodeOf(answer)}`
  const guess = () =>
    sendJson(
      `${site.url}/v1/enrolments`,
      JSON.stringify({
        redeemToken: 'A'.repeat(43),
        signingKey: 'A'.repeat(43),
        possession: 'A'.repeat(86),
      }),
    )
  const misuse = async (token: string, nonce: string) => {
    const url = `${site.url}/v1/mailbox?waitSeconds=x`
    return send(url, { headers: await accessHeaders('GET', url, token, { nonce }) })
  }
  /** A session without any request that has no proof. */
  const enter = async (identity: Identity) => {
    const challenge = await sendJson(
      `${site.url}/v1/sessions/challenges`,
      JSON.stringify({ keyId: identity.signing.keyId }),
    )
    const nonce = String(challenge.headers['dpop-nonce'])
    const given = JSON.parse(challenge.text) as { challenge: string }
    const proof = await makeProof(site.url, identity, given)
    const { status, text } = await openSession(site.url, proof, { nonce })
    return { status, nonce, token: (JSON.parse(text) as { token: string }).token }
  }

  it('is told to come later, and those with a session go on from the same address', async () => {
    await open({ ...LADDER, lockOutAfter: 9, penaltyAfter: 9 })
    const agent = await site.enrol()
    await agent.client.takeDeliveries({ waitSeconds: 0, again: false })
    for (let n = 0; n < 3; n += 1) expect((await guess()).status).toBe(400)
    const refused = await guess()
    expect(outcome(refused)).toBe('429 ERR_LOCKED_OUT')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(30)
    expect(outcome(await send(`${site.url}/v1/nothing`))).toBe('429 ERR_LOCKED_OUT')
    expect(outcome(await send(`${site.url}/v1/agents`))).toBe('429 ERR_LOCKED_OUT')

    expect((await send(`${site.url}/health`)).status).toBe(200)
    expect(await agent.client.takeDeliveries({ waitSeconds: 0, again: false })).toEqual([])
    expect((await enter(agent.identity)).status).toBe(200)
    const keyId = anyone().signing.keyId
    const stranger = await sendJson(`${site.url}/v1/sessions/challenges`, JSON.stringify({ keyId }))
    expect(outcome(stranger)).toBe('429 ERR_LOCKED_OUT')
  })

  it('is put out when the key misuses its own session, and comes again when an operator lifts it', async () => {
    await open({ ...LADDER, backOffFirstMs: 1, backOffMaxMs: 1 })
    const { identity, client } = await site.enrol()
    const { keyId } = identity.signing
    const { token, nonce } = await enter(identity)
    for (let n = 0; n < 5; n += 1) {
      expect(outcome(await misuse(token, nonce))).toBe('400 ERR_REQUEST_FORM')
      await sleep(5)
    }
    expect(outcome(await misuse(token, nonce))).toBe('403 ERR_QUARANTINED')
    const poll = () => refusalOf(client.takeDeliveries({ waitSeconds: 0, again: false }))
    expect(await poll()).toBe('403 ERR_QUARANTINED')

    const seen = await site.operator.readLimits()
    expect(seen.quarantined).toMatchObject([{ keyId, role: 'agent' }])
    expect(seen.steps).toMatchObject([
      { step: 'quarantined', of: 'key', subject: keyId, count: 5 },
      { step: 'backed-off', of: 'key', subject: keyId, count: 3 },
    ])
    // It outlives the hub.
    await site.stop()
    await site.start(LADDER)
    expect(await poll()).toBe('403 ERR_QUARANTINED')

    expect(await site.operator.liftKey(keyId)).toEqual({ wasOut: true })
    expect(await site.operator.liftKey(keyId)).toEqual({ wasOut: false })
    expect(await poll()).toBe('nothing')
    const after = await site.operator.readLimits()
    expect(after.quarantined).toEqual([])
    expect(after.steps[0]).toMatchObject({ step: 'lifted', subject: keyId })
  })

  it('is no other than who asks: neither agents nor strangers see limits or lift keys', async () => {
    await open({})
    const { client, identity } = await site.enrol()
    expect(await refusalOf(client.readLimits())).toBe('403 ERR_ROLE')
    expect(await refusalOf(client.liftKey(identity.signing.keyId))).toBe('403 ERR_ROLE')
    expect(outcome(await send(`${site.url}/v1/limits`))).toBe('401 ERR_SESSION')
  })

  it('stands in the log without an address', async () => {
    await open(LADDER)
    for (let n = 0; n < 3; n += 1) await guess()
    const { steps } = await site.operator.readLimits()
    expect(steps).toMatchObject([{ step: 'backed-off', of: 'source', count: 3 }])
    expect(steps[0]?.subject).toMatch(/^[0-9a-f]{16}$/)
  })

  it('fills the log with so many steps an hour and no more', async () => {
    await open({ ...LADDER, backOffFirstMs: 1, backOffMaxMs: 1, stepsPerHour: 1, stepsShown: 2 })
    const { identity } = await site.enrol()
    const { token, nonce } = await enter(identity)
    for (let n = 0; n < 3; n += 1) await misuse(token, nonce)
    for (let n = 0; n < 5; n += 1) {
      await guess()
      await sleep(5)
    }
    const { steps } = await site.operator.readLimits()
    expect(steps.map(({ step }) => step)).toEqual(['uncounted', 'backed-off'])
  })

  it('gets no more of large answers at once than its part, and is cut when it does not read them', async () => {
    await open({ stallMs: 1_500, answerBytesPerKey: 8 * MIB })
    const bundle = randomBytes(7 * MIB)
    const digest = digestOf(bundle)
    await site.operator.storeBundle(digest, bundle)
    const { token, nonce } = await enter(site.operatorIdentity)
    const path = `/v1/bundles/${encodeURIComponent(digest)}`
    const url = `${site.url}/v1/bundles/${digest}`
    const headers = () => accessHeaders('GET', url, token, { nonce })
    const { hostname, port } = new URL(site.url)
    const reader = connect(Number(port), hostname).pause()
    reader.on('error', () => {})
    const lines = Object.entries(await headers()).map(([name, value]) => `${name}: ${value}\r\n`)
    reader.write(`GET ${path} HTTP/1.1\r\nHost: hub\r\n${lines.join('')}\r\n`)
    await once(reader, 'readable')
    const second = await send(site.url + path, { headers: await headers() })
    expect(outcome(second)).toBe('503 ERR_BUSY')
    expect(second.headers['retry-after']).toBe('1')
    let third = second
    while (third.status === 503) {
      await sleep(100)
      third = await send(site.url + path, { headers: await headers() })
    }
    expect(third.status).toBe(200)
    reader.destroy()
  })

  it.each([
    ['a body of 5 MB', (bytes: string) => bytes.padEnd(5_000_000, 'x'), '413 ERR_BODY_SIZE'],
    ['a number of no end', () => '{"kind":"report","about":1e999}', '400 ERR_JSON_FORM'],
    ['NaN', () => '{"kind":NaN}', '400 ERR_JSON_FORM'],
  ])('sends %s and is refused at once', async (_, bytesOf, expected) => {
    await open({})
    const { identity } = await site.enrol()
    const { token } = await openToken(site.url, identity)
    const url = `${site.url}/v1/postings/${ID}`
    expect(outcome(await sendJson(url, bytesOf('{'), { method: 'PUT', token }))).toBe(expected)
  })

  it('spends no time of the hub on texts that look like many others', async () => {
    await open({})
    const { token } = await openToken(site.url, site.operatorIdentity)
    const long = 7_000
    const texts = ['0', '-', '.', '%41', 'a.', '0-', 'Z:', '%2C', '%22', '%5C%5C'].map((part) =>
      part.repeat(long / part.length),
    )
    const queries = ['limit', 'cursor', 'agentId', 'kind', 'about', 'from', 'waitSeconds', 'unless']
    for (const text of texts) {
      for (const name of queries) {
        const url = `${site.url}/v1/envelopes?${name}=${text}!`
        const startedAt = performance.now()
        const answer = await send(url, { headers: { authorization: `DPoP ${token}` } })
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(performance.now() - startedAt).toBeLessThan(patient(1_000))
      }
    }
  })
})
