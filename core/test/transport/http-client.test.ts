// SPDX-License-Identifier: Apache-2.0
/** The client against a hub that means harm: every call ends, soon and small. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import {
  WIRE,
  isPassing,
  openHttpClient,
  openHubClient,
  type HttpRequest,
} from '@sallyport/core/transport'
import { answerJson, rawHub, rawSocketHub, type RawHub } from './support/raw-server.ts'
import { patient } from '../../../test/support/patience.ts'

const HEALTH = { status: 'ok', version: '1.0.0', now: '2026-01-31T12:00:00.000Z' }
const clock = { now: () => Date.now() }

describe('the client', () => {
  let scope: AsyncDisposableStack
  beforeEach(() => {
    scope = new AsyncDisposableStack()
  })
  afterEach(() => scope.disposeAsync())

  const serve = async (answer: Parameters<typeof rawHub>[0]) => scope.use(await rawHub(answer))
  const serveBytes = async (text: string) =>
    scope.use(await rawSocketHub((socket) => socket.end(text)))
  const health = (hub: RawHub) => scope.use(openHubClient({ url: hub.url, clock })).health()
  const exchange = (hub: RawHub, changes: Partial<HttpRequest> = {}) =>
    scope.use(openHttpClient({ url: hub.url })).exchange({
      method: 'GET',
      path: '/health',
      headers: {},
      body: undefined,
      maxAnswerBytes: 1_000,
      deadlineMs: 15_000,
      signal: undefined,
      ...changes,
    })
  const code = (call: Promise<unknown>) =>
    call.then(
      () => 'nothing',
      (error: { code?: string }) => error.code,
    )

  it('reads an answer of the right shape', async () => {
    const hub = await serve((_, response) => answerJson(response, HEALTH))
    expect(await health(hub)).toEqual(HEALTH)
  })

  it('asks for nothing compressed', async () => {
    const hub = await serve((_, response) => answerJson(response, HEALTH))
    await health(hub)
    expect(hub.headers()).not.toHaveProperty('accept-encoding')
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, gzip'])(
    'refuses an answer that says it is encoded as %s, before reading it',
    async (encoding) => {
      const hub = await serve((_, response) => {
        const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
        response.writeHead(200, headers).write(JSON.stringify(HEALTH))
      })
      expect(await code(health(hub))).toBe('ERR_HUB_ANSWER_FORM')
      await waitUntil(() => hub.connections() === 0)
    },
  )

  it('refuses compressed bytes that do not say so', async () => {
    const hub = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(gzipSync(JSON.stringify(HEALTH)))
    })
    expect(await code(health(hub))).toBe('ERR_HUB_ANSWER_FORM')
  })

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%d)', async (status) => {
    const target = await serve((_, response) => answerJson(response, HEALTH))
    const hub = await serve((_, response) => {
      response.writeHead(status, { location: `${target.url}/health` }).end()
    })
    await expect(health(hub)).rejects.toMatchObject({
      code: 'ERR_HUB_ANSWER_FORM',
      message: expect.stringContaining('redirect'),
    })
    expect(target.requests).toEqual([])
    expect(hub.requests).toHaveLength(1)
  })

  it('stops reading an answer without end, and hangs up', async () => {
    let written = 0
    const hub = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(16_384, 'x')
      const write = (): void => {
        if (response.destroyed) return
        written += chunk.length
        if (response.write(chunk)) setImmediate(write)
        else response.once('drain', write)
      }
      write()
    })
    expect(await code(health(hub))).toBe('ERR_HUB_ANSWER_SIZE')
    await waitUntil(() => hub.connections() === 0)
    expect(written).toBeLessThan(16 * 1_024 * 1_024)
  })

  it('refuses an answer that says it is too large before reading it', async () => {
    const hub = await serve((_, response) => {
      const headers = { 'content-type': 'application/json', 'content-length': 10_000_000 }
      response.writeHead(200, headers).write('{')
    })
    expect(await code(health(hub))).toBe('ERR_HUB_ANSWER_SIZE')
    await waitUntil(() => hub.connections() === 0)
  })

  it('bounds the answers that are errors too', async () => {
    const hub = await serve((_, response) => {
      response.writeHead(500, { 'content-type': 'application/json' })
      response.end('x'.repeat(WIRE.maxMessageBytes + 1))
    })
    expect(await code(exchange(hub, { maxAnswerBytes: 10_000_000 }))).toBe('ERR_HUB_ANSWER_SIZE')
  })

  it.each([
    ['one header of a megabyte', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}\r\n\r\n`],
    ['a hundred thousand headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}\r\n`],
  ])('refuses %s', async (_, text) => {
    expect(await code(health(await serveBytes(text)))).toBe('ERR_HUB_ANSWER_SIZE')
  })

  it('ends when headers never come', async () => {
    const hub = await serve(() => {})
    const startedAt = performance.now()
    expect(await code(exchange(hub, { deadlineMs: 300 }))).toBe('ERR_HUB_TIMEOUT')
    expect(performance.now() - startedAt).toBeLessThan(patient(2_000))
  })

  it('ends when a byte comes now and then, since the deadline is for the whole', async () => {
    const hub = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
    })
    expect(await code(exchange(hub, { deadlineMs: 400 }))).toBe('ERR_HUB_TIMEOUT')
    await waitUntil(() => hub.connections() === 0)
  })

  it.each([
    [
      'more bytes than its length says',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}{}{}{}',
    ],
    [
      'fewer bytes than its length says',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n{}',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing', ''],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    ['chunks that are none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ])('survives an answer of %s', async (_, text) => {
    const hub = await serveBytes(text)
    expect(await code(health(hub))).toMatch(/^ERR_HUB_(UNREACHABLE|ANSWER_FORM)$/)
  })

  it.each([
    ['HTML', 'text/html', '<html></html>'],
    ['JSON of another type', 'text/plain', JSON.stringify(HEALTH)],
    ['no JSON', 'application/json', 'hello'],
    ['a member twice', 'application/json', '{"status":"ok","status":"ok","version":"1","now":"x"}'],
    [
      'a member that is not in the contract',
      'application/json',
      JSON.stringify({ ...HEALTH, x: 1 }),
    ],
    ['another shape', 'application/json', '[]'],
    ['a byte order mark', 'application/json', `\uFEFF${JSON.stringify(HEALTH)}`],
  ])('refuses %s', async (_, type, text) => {
    const hub = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(text)
    })
    expect(await code(health(hub))).toBe('ERR_HUB_ANSWER_FORM')
  })

  it('tells what the hub refused with', async () => {
    const hub = await serve((_, response) => {
      answerJson(response, { code: 'ERR_QUEUE_FULL', correlationId: 'c-1' }, 429)
    })
    await expect(health(hub)).rejects.toMatchObject({
      code: 'ERR_HUB_REFUSED',
      message: 'too many envelopes of this site wait for an answer already',
      details: { status: 429, code: 'ERR_QUEUE_FULL', correlationId: 'c-1' },
    })
  })

  it.each([
    ['7', 7_000],
    ['Sun, 22 Nov 2026 13:00:00 GMT', undefined],
    ['-1', undefined],
    ['9999999', undefined],
  ])('tells how long the hub wants to be left alone: %s', async (header, retryAfterMs) => {
    const hub = await serve((_, response) => {
      response.setHeader('retry-after', header)
      answerJson(response, { code: 'ERR_BUSY', correlationId: 'c-1' }, 503)
    })
    await expect(health(hub)).rejects.toMatchObject({ details: { retryAfterMs } })
  })

  it.each([
    ['a message', { code: 'ERR_X', message: 'x', correlationId: 'c' }],
    ['escape sequences', { code: 'ERR_X', correlationId: '\u001b[2Jgone' }],
    ['a code that is none', { code: '../../x', correlationId: 'c' }],
    ['a page', '<html>'],
  ])('does not repeat an error with %s', async (_, body) => {
    const hub = await serve((_request, response) => answerJson(response, body, 403))
    await expect(health(hub)).rejects.toMatchObject({ code: 'ERR_HUB_ANSWER_FORM' })
  })

  it('takes the page of a proxy for a hub that is away', async () => {
    const hub = await serve((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
    })
    const error = await health(hub).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_HUB_UNREACHABLE', details: { status: 502 } })
    expect(isPassing(error)).toBe(true)
  })

  it('says that nobody listens', async () => {
    const hub = await rawHub(() => {})
    await hub[Symbol.asyncDispose]()
    const error = await health(hub).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'ERR_HUB_UNREACHABLE',
      details: { reason: 'ECONNREFUSED' },
    })
  })

  it('ends with the reason of whoever called it off, and hangs up', async () => {
    const hub = await serve(() => {})
    const called = new AbortController()
    const call = exchange(hub, { signal: called.signal, deadlineMs: 60_000 })
    await waitUntil(() => hub.requests.length === 1)
    called.abort('enough')
    await expect(call).rejects.toBe('enough')
    await waitUntil(() => hub.connections() === 0)
  })

  it('checks the digest of a bundle', async () => {
    const { openToken } = await import('./support/session-answers.ts')
    const hub = await serve((request, response, body) => {
      if (openToken(request, response, body)) return
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('other bytes')
    })
    const { makeSigningKey } = await import('@sallyport/core/crypto')
    const key = makeSigningKey(new Uint8Array(32).fill(1))
    const client = scope.use(openHubClient({ url: hub.url, key, clock }))
    const call = client.fetchBundle(`sha256:${'0'.repeat(64)}`)
    expect(await code(call)).toBe('ERR_HUB_ANSWER_FORM')
  })
})

async function waitUntil(condition: () => boolean): Promise<void> {
  const endsAt = performance.now() + patient(5_000)
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error('it did not happen')
    await new Promise((done) => setTimeout(done, 10))
  }
}
