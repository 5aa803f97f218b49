// SPDX-License-Identifier: Apache-2.0
/** A hub that is abused over HTTP: its health and its agents' polls go on, its memory and descriptors stay within bounds. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity } from '@sallyport/core/crypto'
import { instantOf } from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { joinSite } from '../fleet/join-site.ts'
import { Field } from '../support/field.ts'
import { patient } from '../support/patience.ts'
import { Crowd, dial, exchange } from '../support/raw-sockets.ts'

const LIMITS = {
  headersMs: 2_000,
  strangerBodyMs: 2_000,
  stallMs: 2_000,
  idleMs: 2_000,
  checkMs: 500,
  backOffAfter: 1_000_000,
  penaltyAfter: 1_000_000,
  lockOutAfter: 1_000_000,
}
const STRANGERS = 500
const MANY = 1_000
/** Each of them costs a hub some 50 ms, because Node parses a whole packet of requests. */
const READERS = 8
/** Another address than that of the agent. */
const ATTACKER = '127.0.0.2'
const MIB = 1_024 * 1_024
const MAX_HEALTH_MS = 1_000
const HEAD = 'GET /health HTTP/1.1\r\nHost: hub\r\n'

describe('a hub that is abused', () => {
  let field: Field
  let agentId: string
  let agent: HubClient
  beforeAll(async () => {
    field = await Field.open({ limits: LIMITS })
    const identity = makeIdentity('pve1', randomBytes(64))
    agent = openHubClient({ url: field.url, key: identity.signing, clock: { now: Date.now } })
    const { code } = await field.operator.makeCode('pve1')
    agentId = (await joinSite(agent, identity, code)).agentId
    await agent.takeDeliveries({ waitSeconds: 0, again: true })
  })
  afterAll(async () => {
    await agent[Symbol.asyncDispose]()
    await field[Symbol.asyncDispose]()
  })

  const pid = () => field.program('hub').pid
  const memory = () => {
    const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid()}/status`, 'utf8')) ?? []
    return (Number(kib) * 1_024) / MIB
  }
  const descriptors = () => readdirSync(`/proc/${pid()}/fd`).length

  async function health(): Promise<number> {
    const startedAt = performance.now()
    const answer = await fetch(`${field.url}/health`)
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
    return performance.now() - startedAt
  }

  /** From submitting to the agent's held poll coming back with it. */
  async function delivery(): Promise<number> {
    const held = agent.takeDeliveries({ waitSeconds: 20, again: false })
    await sleep(20)
    const startedAt = performance.now()
    const envelopeId = randomUUIDv7()
    const expiresAt = instantOf(Date.now() + 60_000)
    await field.operator.hub.submitEnvelope({ envelopeId, agentId, sealed: 'sealed', expiresAt })
    const delivered = await held
    const tookMs = performance.now() - startedAt
    for (const each of delivered) await agent.answerEnvelope(each.envelopeId, 'sealed answer')
    expect(delivered.map((each) => each.envelopeId)).toContain(envelopeId)
    return tookMs
  }

  /** Looks at health and deliveries until the abuse is over. */
  async function expectUnharmed(abuse: Promise<unknown>): Promise<void> {
    const ended = abuse.then(() => true)
    let isOver = false
    while (!isOver) {
      expect(await health()).toBeLessThan(patient(MAX_HEALTH_MS))
      expect(await delivery()).toBeLessThan(patient(MAX_HEALTH_MS))
      isOver = await Promise.race([ended, sleep(50, false)])
    }
  }

  it.each([
    ['a header that never ends', (n: number) => `${HEAD}X-${n}: `],
    ['nothing', () => ''],
    [
      'a body that never ends',
      () =>
        'POST /v1/sessions/challenges HTTP/1.1\r\nHost: hub\r\n' +
        'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{',
    ],
  ])('lives through a thousand connections with %s', async (_, bytesOf) => {
    const before = memory()
    let n = 0
    using crowd = new Crowd(field.url, { count: MANY, from: ATTACKER }, (socket) =>
      socket.write(bytesOf((n += 1))),
    )
    const allCut = crowd.allCut()
    await expectUnharmed(sleep(300))
    expect(descriptors()).toBeLessThan(STRANGERS + 100)
    await expectUnharmed(allCut)
    expect(await allCut).toBeLessThan(patient(5_000))
    expect(memory() - before).toBeLessThan(100)
  })

  it('cuts a body that drips, however steadily', async () => {
    const startedAt = performance.now()
    using crowd = new Crowd(field.url, { count: 20, from: '127.0.0.5' }, (socket) => {
      socket.write(
        'POST /v1/sessions/challenges HTTP/1.1\r\nHost: hub\r\n' +
          'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      const timer = setInterval(() => socket.write('1\r\n \r\n'), 100)
      socket.once('close', () => clearInterval(timer))
    })
    await expectUnharmed(crowd.allCut())
    expect(performance.now() - startedAt).toBeLessThan(patient(6_000))
  })

  it('cuts readers whose window stays shut, and keeps nothing of their answers', async () => {
    await health()
    const [memoryBefore, openBefore] = [memory(), descriptors()]
    const asked = 'GET /nothing HTTP/1.1\r\nHost: hub\r\n\r\n'.repeat(4_000)
    using crowd = new Crowd(field.url, { count: READERS, from: '127.0.0.6' }, (socket) => {
      socket.pause()
      socket.write(asked)
    })
    await expectUnharmed(sleep(500))
    expect(crowd.madeCount).toBe(READERS)
    expect(memory() - memoryBefore).toBeLessThan(150)
    const deadline = Date.now() + patient(10_000)
    // A closed window hides the end from the reader, so the hub's own descriptors tell.
    const isOver = () => descriptors() < openBefore + READERS / 2
    while (!isOver() && Date.now() < deadline) await sleep(100)
    expect(isOver()).toBe(true)
  })

  it('reads no compressed body, however little of it there is', async () => {
    const before = memory()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        exchange(
          field.url,
          'POST /v1/sessions/challenges HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n' +
            'Content-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd',
          { from: '127.0.0.3' },
        ),
      ),
    )
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 415 /)
    expect(memory() - before).toBeLessThan(50)
  })

  it.each([
    ['a length and chunks', 'POST /v1/sessions', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
    ['chunks and a length', 'POST /v1/sessions', 'Transfer-Encoding: chunked\r\nContent-Length: 4'],
    ['two lengths', 'POST /v1/sessions', 'Content-Length: 4\r\nContent-Length: 5'],
    ['two lengths in one', 'POST /v1/sessions', 'Content-Length: 4, 5'],
    ['a length with a sign', 'POST /v1/sessions', 'Content-Length: +4'],
    ['a length in hexadecimal', 'POST /v1/sessions', 'Content-Length: 0x4'],
    ['a negative length', 'POST /v1/sessions', 'Content-Length: -1'],
    ['an endless length', 'POST /v1/sessions', `Content-Length: ${'9'.repeat(30)}`],
    ['another transfer', 'POST /v1/sessions', 'Transfer-Encoding: identity'],
    ['two transfers', 'POST /v1/sessions', 'Transfer-Encoding: gzip, chunked'],
    ['a hidden transfer', 'POST /v1/sessions', 'Transfer-Encoding:\x0bchunked'],
    [
      'a transfer of another case, twice',
      'POST /v1/sessions',
      'Transfer-Encoding: chunked\r\ntransfer-encoding: chunked',
    ],
    ['a space before the colon', 'GET /health', 'X-A : b'],
    ['a folded header', 'GET /health', 'X-A: b\r\n c'],
    ['a header that begins with a space', 'GET /health', ' X-A: b'],
    ['a nul in a header', 'GET /health', 'X-A: b\0c'],
    ['a bare line feed', 'GET /health', 'X-A: b\nX-B: c'],
    ['a bare carriage return', 'GET /health', 'X-A: b\rX-B: c'],
    ['no name in a header', 'GET /health', ': b'],
    ['a name that is not ASCII', 'GET /health', 'X-\u00e4: b'],
    ['two hosts', 'GET /health', 'Host: other'],
    ['an absolute target', 'GET http://other/health', 'X: y'],
    ['an absolute target with an account', 'GET http://a@hub/health', 'X: y'],
    ['an authority', 'CONNECT hub:443', 'X: y'],
    ['an asterisk', 'OPTIONS *', 'X: y'],
    ['escaped dots', 'GET /v1/%2e%2e/health', 'X: y'],
    ['dots', 'GET /v1/../health', 'X: y'],
    ['an escaped letter', 'GET /%68ealth', 'X: y'],
    ['an escaped nul', 'GET /health%00', 'X: y'],
    ['an escape that is none', 'GET /%zz', 'X: y'],
    ['a backslash', 'GET /v1\\..\\health', 'X: y'],
    ['a method of its own', 'BREW /health', 'X: y'],
    ['another version', 'GET /health HTTP/3.0\r\nX: y', 'X: y'],
    ['an expectation', 'GET /health', 'Expect: the-unexpected'],
    ['headers of 64 KiB', 'GET /health', `X: ${'x'.repeat(65_536)}`],
    ['ten thousand headers', 'GET /health', 'a: b\r\n'.repeat(10_000) + 'c: d'],
  ])('answers %s once, with an error, and then nothing more', async (_, line, headers) => {
    const smuggled = 'GET /health HTTP/1.1\r\nHost: hub\r\n\r\n'
    const head = line.includes('HTTP/') ? line : `${line} HTTP/1.1`
    const text = await exchange(
      field.url,
      `${head}\r\nHost: hub\r\n${headers}\r\n\r\n${smuggled}`,
      { quietMs: 300, from: '127.0.0.4' },
    )
    const [first = '', ...others] = text.split(/(?=HTTP\/1\.1 \d{3} )/)
    expect(first === '' || /^HTTP\/1\.1 4\d\d /.test(first)).toBe(true)
    const isPath =
      /^GET |^BREW|^OPTIONS/.test(line) && /^(X: y|Host: other|Expect.*)$/.test(headers)
    // What is only a wrong path leaves no doubt about where the next request begins.
    if (!isPath) expect(others.filter((each) => each.startsWith('HTTP/1.1 200'))).toEqual([])
    expect(text).not.toMatch(/node|fastify|at \/|stack|\.ts/i)
    await health()
  })

  it('is not brought down by pipes of requests, resets and half-closed connections', async () => {
    const flood = Array.from({ length: 200 }, async (_, n) => {
      const socket = dial(field.url, ATTACKER)
      socket.write(`${HEAD}\r\n`.repeat(20))
      await sleep(n % 20)
      if (n % 2 === 0) socket.resetAndDestroy()
      else socket.end()
      socket.resume()
      await sleep(200)
      socket.destroy()
    })
    await expectUnharmed(Promise.all(flood))
  })
})
