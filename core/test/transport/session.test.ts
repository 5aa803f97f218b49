// SPDX-License-Identifier: Apache-2.0
/** The client's session: opened once for all, renewed in time, tried again once. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { makeSigningKey } from '@sallyport/core/crypto'
import { instantOf, parseDocument, parseEnvelope, documents } from '@sallyport/core/protocol'
import { openHubClient } from '@sallyport/core/transport'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, rawHub } from './support/raw-server.ts'
import { openToken } from './support/session-answers.ts'

const AGENTS = { agents: [], nextCursor: null }
const KEY = makeSigningKey(new Uint8Array(32).fill(1))
const MINUTE = 60_000

describe('the session of a client', () => {
  let scope: AsyncDisposableStack
  let nowMs: number
  beforeEach(() => {
    scope = new AsyncDisposableStack()
    nowMs = Date.UTC(2026, 0, 31)
  })
  afterEach(() => scope.disposeAsync())

  const clock = { now: () => nowMs }
  const open = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    lifetimeMs = 5 * MINUTE,
  ) => {
    const hub = scope.use(
      await rawHub((request, response, body) => {
        if (openToken(request, response, body, instantOf(nowMs + lifetimeMs))) return
        answer(request, response)
      }),
    )
    const client = scope.use(openHubClient({ url: hub.url, key: KEY, clock }))
    const sessions = () => hub.requests.filter((line) => line === 'POST /v1/sessions').length
    return { hub, client, sessions }
  }
  const refuse = (response: ServerResponse, status: number) =>
    answerJson(response, { code: 'ERR_SESSION', correlationId: 'c' }, status)

  it('is opened once for twenty calls at the same time', async () => {
    const { client, sessions } = await open((_, response) => answerJson(response, AGENTS))
    await Promise.all(Array.from({ length: 20 }, () => client.listAgents()))
    expect(sessions()).toBe(1)
  })

  it('is used until shortly before its end, then renewed', async () => {
    const { client, sessions } = await open((_, response) => answerJson(response, AGENTS))
    await client.listAgents()
    nowMs += 4 * MINUTE - 1
    await client.listAgents()
    expect(sessions()).toBe(1)
    nowMs += 1
    await Promise.all([client.listAgents(), client.listAgents()])
    expect(sessions()).toBe(2)
  })

  it('is used for a minute at least, however the clocks differ', async () => {
    const { client, sessions } = await open(
      (_, response) => answerJson(response, AGENTS),
      -60 * MINUTE,
    )
    for (let count = 0; count < 5; count += 1) await client.listAgents()
    expect(sessions()).toBe(1)
  })

  it('is opened anew after a refusal, and the call made once more', async () => {
    let calls = 0
    const { client, sessions } = await open((_, response) => {
      calls += 1
      if (calls === 1) refuse(response, 401)
      else answerJson(response, AGENTS)
    })
    expect(await client.listAgents()).toEqual(AGENTS)
    expect([calls, sessions()]).toEqual([2, 2])
  })

  it('is opened anew once for twenty calls that were refused together', async () => {
    const spent = new Set<string>()
    const { client, sessions } = await open((request, response) => {
      const token = String(request.headers.authorization)
      if (spent.size === 0) spent.add(token)
      if (spent.has(token)) refuse(response, 401)
      else answerJson(response, AGENTS)
    })
    await Promise.all(Array.from({ length: 20 }, () => client.listAgents()))
    expect(sessions()).toBe(2)
  })

  it('is not tried a third time', async () => {
    let calls = 0
    const { client } = await open((_, response) => {
      calls += 1
      refuse(response, 401)
    })
    await expect(client.listAgents()).rejects.toMatchObject({ code: 'ERR_HUB_REFUSED' })
    expect(calls).toBe(2)
  })

  it('is not opened anew for any other refusal', async () => {
    const { client, sessions } = await open((_, response) => refuse(response, 403))
    await expect(client.listAgents()).rejects.toMatchObject({ details: { status: 403 } })
    expect(sessions()).toBe(1)
  })

  it('is tried again by the next call when it could not be opened', async () => {
    let isAway = true
    const hub = scope.use(
      await rawHub((request, response, body) => {
        if (isAway) response.writeHead(503).end()
        else if (!openToken(request, response, body)) answerJson(response, AGENTS)
      }),
    )
    const client = scope.use(openHubClient({ url: hub.url, key: KEY, clock }))
    await expect(client.listAgents()).rejects.toMatchObject({ code: 'ERR_HUB_UNREACHABLE' })
    isAway = false
    expect(await client.listAgents()).toEqual(AGENTS)
  })

  it('is asked for with a proof that names the hub that was dialled', async () => {
    const proofs: string[] = []
    const hub = scope.use(
      await rawHub((request, response, body) => {
        if (request.url === '/v1/sessions')
          proofs.push((JSON.parse(body) as { proof: string }).proof)
        if (!openToken(request, response, body)) answerJson(response, AGENTS)
      }),
    )
    await scope.use(openHubClient({ url: `${hub.url}/`, key: KEY, clock })).listAgents()
    const { payload } = parseEnvelope(Buffer.from(proofs[0] ?? ''), 10_000)
    expect(parseDocument(documents.sessionProof, payload)).toMatchObject({
      hub: hub.url,
      keyId: KEY.keyId,
    })
  })

  it('is needed by what it is needed for', async () => {
    const { hub } = await open(() => {})
    const client = scope.use(openHubClient({ url: hub.url, clock }))
    await expect(async () => client.listAgents()).rejects.toThrow(/options\.key/)
  })
})
