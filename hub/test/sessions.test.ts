// SPDX-License-Identifier: Apache-2.0
/** Sessions: who gets one, what its token opens, and when it ends. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { createSecretKey } from 'node:crypto'
import { makeAccessTokenKey } from '@sallyport/core/crypto'
import {
  accessHeaders,
  askChallenge,
  errorCodeOf,
  makeProof,
  openSession,
  openToken,
  send,
  sendJson,
} from './support/raw.ts'
import { MINUTE, TestSite, anyone, refusalOf } from './support/site.ts'

describe('sessions', () => {
  let site: TestSite
  beforeEach(async () => {
    site = await TestSite.open()
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const list = async (token: string) => {
    const url = `${site.url}/v1/agents`
    return send(url, { headers: await accessHeaders('GET', url, token) })
  }

  it('are opened by operators and by agents in the same way', async () => {
    const agent = await site.enrol()
    expect((await openToken(site.url, site.operatorIdentity)).status).toBe(200)
    expect((await openToken(site.url, agent.identity)).status).toBe(200)
  })

  it('give a token that opens the routes of its role', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    expect((await list(token)).status).toBe(200)
  })

  it('are refused for a challenge that was answered before', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    expect((await openSession(site.url, proof)).status).toBe(200)
    const answer = await openSession(site.url, proof)
    expect([answer.status, errorCodeOf(answer)]).toEqual([401, 'ERR_SESSION_PROOF'])
  })

  it('are opened once when one proof is sent fifty times at the same moment', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => openSession(site.url, proof)),
    )
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
  })

  it('are refused when two answer one challenge at the same moment, except one', async () => {
    const challenge = await askChallenge(site.url, site.operatorIdentity)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => openToken(site.url, site.operatorIdentity, { challenge })),
    )
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
  })

  it('are refused for a challenge that is too old', async () => {
    const challenge = await askChallenge(site.url, site.operatorIdentity)
    site.clock.turn(MINUTE)
    const answer = await openToken(site.url, site.operatorIdentity, { challenge })
    expect(errorCodeOf(answer)).toBe('ERR_SESSION_PROOF')
  })

  it('are refused for a challenge that was issued to another key', async () => {
    const agent = await site.enrol()
    const challenge = await askChallenge(site.url, agent.identity)
    const answer = await openToken(site.url, site.operatorIdentity, { challenge })
    expect(errorCodeOf(answer)).toBe('ERR_SESSION_PROOF')
  })

  it('are refused to a key that nobody enrolled, with the same answer', async () => {
    const stranger = await openToken(site.url, anyone())
    const proof = await makeProof(site.url, site.operatorIdentity)
    await openSession(site.url, proof)
    const replayed = await openSession(site.url, proof)
    const shape = ({ text }: { text: string }) => text.replace(/"correlationId":"[^"]+"/, '')
    expect(stranger.status).toBe(401)
    expect(shape(stranger)).toBe(shape(replayed))
  })

  it('are refused when another key signs', async () => {
    const answer = await openToken(site.url, site.operatorIdentity, { signer: anyone() })
    expect(errorCodeOf(answer)).toBe('ERR_SESSION_PROOF')
  })

  it('are refused when one enrolled key signs for another', async () => {
    const agent = await site.enrol()
    const answer = await openToken(site.url, site.operatorIdentity, { signer: agent.identity })
    expect(errorCodeOf(answer)).toBe('ERR_SESSION_PROOF')
  })

  it('are refused for a proof that was made for another hub', async () => {
    const answer = await openToken(site.url, site.operatorIdentity, { hub: 'https://hub.example' })
    expect(errorCodeOf(answer)).toBe('ERR_SESSION_PROOF')
  })

  it('do not mind a clock that is years away', async () => {
    const issuedAt = '2001-01-01T00:00:00.000Z'
    expect((await openToken(site.url, site.operatorIdentity, { issuedAt })).status).toBe(200)
  })

  it('are refused when one character of the proof was altered', async () => {
    const proof = await makeProof(site.url, site.operatorIdentity)
    const altered = proof.replace(/"sig":"(.)/, (_, c) => `"sig":"${c === 'A' ? 'B' : 'A'}`)
    expect(errorCodeOf(await openSession(site.url, altered))).toBe('ERR_SESSION_PROOF')
    expect((await openSession(site.url, proof)).status).toBe(200)
  })

  it('end after five minutes', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    site.clock.turn(5 * MINUTE - 2_000)
    expect((await list(token)).status).toBe(200)
    site.clock.turn(2_000)
    expect(errorCodeOf(await list(token))).toBe('ERR_SESSION')
  })

  it.each(['', 'x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.'])('do not begin with %p', async (token) => {
    expect(errorCodeOf(await list(token))).toBe('ERR_SESSION')
  })

  it('are not found in a token that was tampered with', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const wider = Buffer.from(JSON.stringify({ ...claims, role: 'agent' })).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const forged of [
      `${header}.${wider}.${signature}`,
      `${none}.${payload}.${signature}`,
      `${none}.${payload}.`,
    ]) {
      expect((await list(forged)).status).toBe(401)
    }
  })

  it('are not found in a token that is signed with the public key as a secret', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object
    const { verifies } = makeAccessTokenKey('any', await readSeed(site))
    const pem = verifies.export({ type: 'spki', format: 'pem' })
    const forged = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(createSecretKey(Buffer.from(pem)))
    expect((await list(forged)).status).toBe(401)
  })

  it('of an agent do not open what is for operators, nor the other way round', async () => {
    const agent = await site.enrol()
    expect(await refusalOf(agent.client.listAgents())).toBe('403 ERR_ROLE')
    expect(await refusalOf(site.operator.takeDeliveries({ waitSeconds: 0 }))).toBe('403 ERR_ROLE')
  })

  it('end at once for a person who is no longer there', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    await site.ask('delete from people')
    expect((await list(token)).status).toBe(401)
  })

  it('live on when the hub is restarted', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    await site.stop()
    await site.start()
    expect((await list(token)).status).toBe(200)
  })

  it('end when their client says so, for every token of it that was seen', async () => {
    const { token } = await openToken(site.url, site.operatorIdentity)
    expect((await list(token)).status).toBe(200)
    const ended = await sendJson(`${site.url}/v1/sessions/end`, '{}', { token })
    expect([ended.status, (await list(token)).status]).toEqual([200, 401])
    await site.stop()
    await site.start()
    expect((await list(token)).status).toBe(401)
  })

  it('are opened anew by a client that ended one', async () => {
    await site.operator.listAgents()
    await site.operator.endSession(5_000)
    expect((await site.operator.listAgents()).agents).toEqual([])
  })

  it('are renewed by the client when the hub says they have ended', async () => {
    const client = site.connect(site.operatorIdentity, { now: () => 0 })
    await client.listAgents()
    site.clock.turn(6 * MINUTE)
    expect(await client.listAgents()).toEqual({ agents: [], nextCursor: null })
  })
})

async function readSeed(site: TestSite): Promise<Uint8Array> {
  const text = "select secret from session_keys where purpose = 'ES256'"
  const [row] = await site.ask(text)
  return Buffer.from(String(row!['secret']), 'base64url')
}
