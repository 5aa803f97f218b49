// SPDX-License-Identifier: Apache-2.0
/** What goes to a bound service and what comes back, also from one that misbehaves. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Secret } from '@sallyport/sdk'
import { patient } from '../../../../../test/support/patience.ts'
import { openHandle, refusal, startRawService, startService, TOKEN } from './services.ts'

const GET = { method: 'GET', path: '/x' }
const routes = [{ route: 'GET /x' }, { route: 'HEAD /x' }, { route: 'POST /x' }]

/** Calls a service that answers every request with these bytes, and says what became of it. */
async function rawly(
  bytes: string | Buffer,
  options: { request?: object; scope?: object; cut?: boolean } = {},
): Promise<{ code: string; message: string; requestCount: number; connectionCount: number }> {
  await using service = await startRawService((socket) => {
    socket.write(bytes)
    if (options.cut === true) socket.destroy()
  })
  const handle = openHandle(service.binding(), { routes, timeoutMs: 60_000, ...options.scope })
  const outcome = await refusal(handle.request(options.request ?? GET))
  handle.end()
  const { received, connectionCount } = service
  return { ...outcome, requestCount: received.length, connectionCount: connectionCount() }
}

describe('a request', () => {
  it('carries the credential, the body as the broker writes it, and no more', async () => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    await handle.request({ method: 'POST', path: '/x', query: { a: [1, true] }, json: { b: 'ä' } })
    expect(service.received).toEqual([
      {
        method: 'POST',
        url: '/x?a=1&a=true',
        body: '{"b":"ä"}',
        headers: {
          host: new URL(service.url).host,
          connection: 'keep-alive',
          'user-agent': 'sallyport',
          'content-type': 'application/json',
          'content-length': '10',
          authorization: `Bearer ${TOKEN}`,
        },
      },
    ])
    handle.end()
  })

  it('has what the binding says in place of what it says itself', async () => {
    await using service = await startService()
    const headers = { Accept: new Secret('application/vnd.bound') }
    const handle = openHandle(service.binding({ headers }), { routes })
    await handle.request({ ...GET, headers: { accept: 'text/plain' } })
    expect(service.received).toMatchObject([{ headers: { accept: 'application/vnd.bound' } }])
    handle.end()
  })

  it('carries forms and bytes, and the few headers a plugin may set', async () => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    const post = { method: 'POST', path: '/x' }
    await handle.request({ ...post, form: { 'a b': 'ü&=', c: 1 } })
    const $bytes = Buffer.from('bytes').toString('base64url')
    await handle.request({ ...post, bytes: { $bytes }, headers: { 'Content-Type': 'text/plain' } })
    await handle.request({ ...GET, headers: { Accept: 'text/plain', range: 'bytes=0-1' } })
    expect(service.received).toMatchObject([
      {
        body: 'a%20b=%C3%BC%26%3D&c=1',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      { body: 'bytes', headers: { 'content-type': 'text/plain' } },
      { headers: { accept: 'text/plain', range: 'bytes=0-1' } },
    ])
    handle.end()
  })

  it.each([
    'authorization',
    'cookie',
    'host',
    'connection',
    'transfer-encoding',
    'content-length',
    'accept-encoding',
    'x-http-method-override',
    'x-forwarded-for',
    '__proto__x',
  ])('cannot bring the header %s', async (name) => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    const outcome = await refusal(handle.request({ ...GET, headers: { [name]: 'x' } }))
    expect(outcome.code).toBe('ERR_HANDLE_DENIED')
    expect(service.received).toEqual([])
    handle.end()
  })

  it.each<[string, object]>([
    ['a header twice', { headers: { accept: 'a', Accept: 'b' } }],
    ['a header of two lines', { headers: { accept: 'a\r\nx: y' } }],
    ['two bodies', { method: 'POST', json: {}, form: {} }],
    ['a query that is a text', { query: 'a=b' }],
    ['a field that is an object', { query: { a: {} } }],
    ['a field without meaning', { query: { a: null } }],
    ['a member that is none', { url: 'http://elsewhere.example' }],
    ['a small method', { method: 'get' }],
    ['no path', { path: undefined }],
    ['bytes that are none', { method: 'POST', bytes: 'x' }],
  ])('is refused for %s', async (_, change) => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    const outcome = await refusal(handle.request({ ...GET, ...change }))
    expect(outcome.code).toBe('ERR_ARGUMENT_FORM')
    expect(service.received).toEqual([])
    handle.end()
  })

  it('has no more of a body than was approved', async () => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes, maxBodyBytes: 10 })
    const post = { method: 'POST', path: '/x' }
    expect(await handle.request({ ...post, json: 'x'.repeat(8) })).toMatchObject({ status: 200 })
    expect((await refusal(handle.request({ ...post, json: 'x'.repeat(9) }))).code).toBe('ERR_LIMIT')
    const long = { ...GET, query: { a: 'x'.repeat(9_000) } }
    expect((await refusal(handle.request(long))).code).toBe('ERR_LIMIT')
    expect(service.received).toHaveLength(1)
    handle.end()
  })

  it('is held against patterns within a time', async () => {
    await using service = await startService()
    const scope = {
      route: 'POST /x',
      body: { fields: { a: { pattern: '(a+)+' } }, others: 'allowed' },
    }
    const handle = openHandle(service.binding(), { routes: [scope as never] })
    const started = performance.now()
    const evil = { method: 'POST', path: '/x', json: { a: `${'a'.repeat(60)}b` } }
    expect((await refusal(handle.request(evil))).code).toBe('ERR_LIMIT')
    expect(performance.now() - started).toBeLessThan(patient(3_000))
    expect(service.received).toEqual([])
    handle.end()
  })
})

describe('an answer', () => {
  it('comes with status and headers, but without those that are about the connection or the credential', async () => {
    await using service = await startService((_, response) => {
      response.writeHead(599, 'Too bad', [
        ...['Content-Type', 'text/plain', 'ETag', '"1"', 'X-Many', 'a', 'X-Many', 'b'],
        ...['Set-Cookie', 'a=b', 'WWW-Authenticate', 'Basic', 'Proxy-Authenticate', 'Basic'],
        ...['Content-Length', '4'],
      ])
      response.end('body')
    })
    const handle = openHandle(service.binding(), { routes })
    const { body, headers, ...head } = await handle.request(GET)
    expect(head).toEqual({ status: 599, statusText: 'Too bad' })
    expect(new TextDecoder().decode(body)).toBe('body')
    const { date: _, ...rest } = headers
    expect(rest).toEqual({
      'content-type': 'text/plain',
      etag: '"1"',
      'x-many': 'a, b',
      'content-length': '4',
    })
    handle.end()
  })

  it('that leads elsewhere is an answer and is not followed', async () => {
    await using other = await startService()
    await using service = await startService((_, response) => {
      response.writeHead(302, { location: `${other.url}/x` }).end()
    })
    const handle = openHandle(service.binding(), { routes })
    const { status, headers } = await handle.request(GET)
    expect({ status, location: headers.location }).toEqual({
      status: 302,
      location: `${other.url}/x`,
    })
    expect(other.connectionCount()).toBe(0)
    handle.end()
  })

  const HEAD = 'HTTP/1.1 200 OK\r\n'
  const endless = Buffer.from(`${HEAD}Content-Type: x\r\n`)

  it.each<[string, string | Buffer, string, object?]>([
    ['says it is too large', `${HEAD}Content-Length: 2000\r\n\r\n`, 'ERR_LIMIT'],
    ['is too large without saying so', `${HEAD}\r\n${'x'.repeat(2_000)}`, 'ERR_LIMIT'],
    [
      'is too large in chunks',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2_000)}\r\n`,
      'ERR_LIMIT',
    ],
    ['never goes on', `${HEAD}Content-Length: 10\r\n\r\nx`, 'ERR_LIMIT', { timeoutMs: 700 }],
    ['never begins', '', 'ERR_LIMIT', { timeoutMs: 700 }],
    ['never ends its headers', endless, 'ERR_LIMIT', { timeoutMs: 700 }],
    [
      'has too large headers',
      `${HEAD}${`X: ${'y'.repeat(1_000)}\r\n`.repeat(20)}Content-Length: 0\r\n\r\n`,
      'ERR_LIMIT',
    ],
    [
      'has too many headers',
      `${HEAD}${'X: y\r\n'.repeat(20_000)}Content-Length: 0\r\n\r\n`,
      'ERR_LIMIT',
    ],
    ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'ERR_ENDPOINT_ANSWER'],
    [
      'says two sizes',
      `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
      'ERR_ENDPOINT_ANSWER',
    ],
    [
      'says a size and chunks',
      `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'ERR_ENDPOINT_ANSWER',
    ],
    [
      'has a status that is none',
      'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n',
      'ERR_ENDPOINT_ANSWER',
    ],
    [
      'is compressed unasked',
      `${HEAD}Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx`,
      'ERR_ENDPOINT_ANSWER',
    ],
    [
      'switches to another protocol',
      'HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n',
      'ERR_ENDPOINT_UNREACHABLE',
    ],
  ])('that %s is dropped', async (_, bytes, code, scope = {}) => {
    const started = performance.now()
    const outcome = await rawly(bytes, { scope: { maxAnswerBytes: 1_000, ...scope } })
    expect(outcome.code).toBe(code)
    expect(outcome.requestCount).toBeLessThan(3)
    expect(performance.now() - started).toBeLessThan(patient(3_000))
  })

  it('that drips is dropped at its deadline', async () => {
    await using service = await startRawService((socket) => {
      socket.write(HEAD)
      const timer = setInterval(() => socket.write('X: y\r\n'), 50)
      socket.on('close', () => clearInterval(timer))
    })
    const handle = openHandle(service.binding(), { routes, timeoutMs: 500 })
    const started = performance.now()
    expect((await refusal(handle.request(GET))).code).toBe('ERR_LIMIT')
    expect(performance.now() - started).toBeLessThan(patient(2_000))
    handle.end()
  })

  it('with names that reach a prototype harms nothing', async () => {
    const bytes = `${HEAD}__proto__: x\r\nconstructor: y\r\nContent-Length: 0\r\n\r\n`
    await using service = await startRawService((socket) => void socket.write(bytes))
    const handle = openHandle(service.binding(), { routes })
    const { headers } = await handle.request(GET)
    expect(Object.keys(headers).sort()).toEqual(['constructor', 'content-length'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    handle.end()
  })

  it('is not kept whole beyond 16 MiB, whatever was approved', async () => {
    const bytes = `${HEAD}Content-Length: 16777217\r\n\r\n`
    const outcome = await rawly(bytes, { scope: { maxAnswerBytes: 1_073_741_824 } })
    expect(outcome).toMatchObject({
      code: 'ERR_LIMIT',
      message: expect.stringContaining('16777216'),
    })
  })

  it('to HEAD may tell the size of what it does not bring', async () => {
    const head = { method: 'HEAD', path: '/x' }
    const bytes = `${HEAD}Content-Length: 99999999\r\n\r\n`
    expect((await rawly(bytes, { request: head })).code).toBe('none')
  })
})

describe('a connection that breaks before an answer began', () => {
  it.each(['GET', 'HEAD'])('has a %s sent once more', async (method) => {
    const request = { method, path: '/x' }
    const outcome = await rawly('', { cut: true, request })
    expect(outcome).toMatchObject({ code: 'ERR_ENDPOINT_UNREACHABLE', requestCount: 2 })
  })

  it('has nothing else sent again', async () => {
    const request = { method: 'POST', path: '/x' }
    const outcome = await rawly('', { cut: true, request })
    expect(outcome).toMatchObject({ code: 'ERR_ENDPOINT_UNREACHABLE', requestCount: 1 })
  })

  it('is forgotten when the second one holds', async () => {
    let count = 0
    await using service = await startRawService((socket) => {
      if (++count === 1) socket.destroy()
      else socket.write('HTTP/1.1 204 x\r\n\r\n')
    })
    const handle = openHandle(service.binding(), { routes })
    expect(await handle.request(GET)).toMatchObject({ status: 204 })
    handle.end()
  })

  it('is not mended once an answer began', async () => {
    const outcome = await rawly('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx', { cut: true })
    expect(outcome).toMatchObject({ requestCount: 1 })
    expect(outcome.code).toBe('ERR_ENDPOINT_UNREACHABLE')
  })
})

describe('the credential', () => {
  const headers = {
    Authorization: new Secret(`PVEAPIToken=root@pam!x=${TOKEN}`),
    'X-Basic': new Secret(`Basic ${Buffer.from('name:secret word "1"').toString('base64')}`),
  }

  it.each([
    ['whole', `PVEAPIToken=root@pam!x=${TOKEN}`],
    ['in part', `token ${TOKEN} is here`],
    ['as the password it holds', 'secret word "1"'],
    ['as JSON', JSON.stringify({ a: 'secret word "1"' })],
    ['encoded', encodeURIComponent('secret word "1"')],
  ])('in an answer, %s, has it dropped', async (_, text) => {
    await using service = await startService((__, response) => void response.end(`<${text}>`))
    const handle = openHandle(service.binding({ headers }), { routes })
    const outcome = await refusal(handle.request(GET))
    expect(outcome.code).toBe('ERR_ENDPOINT_ANSWER')
    expect(outcome.message).not.toContain(TOKEN)
    handle.end()
  })

  it('in a header or behind the status has the answer dropped', async () => {
    let statusText = 'OK'
    await using service = await startService((_, response) => {
      response.writeHead(200, statusText, statusText === 'OK' ? { 'X-Echo': TOKEN } : {}).end()
    })
    const handle = openHandle(service.binding(), { routes })
    expect((await refusal(handle.request(GET))).code).toBe('ERR_ENDPOINT_ANSWER')
    statusText = TOKEN
    expect((await refusal(handle.request(GET))).code).toBe('ERR_ENDPOINT_ANSWER')
    handle.end()
  })

  it('is not missed between two chunks', async () => {
    await using service = await startService((_, response) => {
      response.write(`a ${TOKEN.slice(0, 7)}`)
      setTimeout(() => response.end(`${TOKEN.slice(7)} b`), 50)
    })
    const handle = openHandle(service.binding(), { routes })
    expect((await refusal(handle.request(GET))).code).toBe('ERR_ENDPOINT_ANSWER')
    handle.end()
  })

  it('is nowhere in what an honest answer brings, which comes whole', async () => {
    const text = `${TOKEN.slice(0, 9)} and Bearer, ${'x'.repeat(200_000)}${TOKEN.slice(0, 5)}`
    await using service = await startService((_, response) => void response.end(text))
    const handle = openHandle(service.binding(), { routes })
    const { body } = await handle.request(GET)
    const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(digest(body)).toBe(digest(text))
    handle.end()
  })
})

describe('requests at the same time', () => {
  it('are a few for each plugin; the others wait', async () => {
    let now = 0
    let most = 0
    await using service = await startService((_, response) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now -= 1
        response.end()
      }, 30)
    })
    const handle = openHandle(service.binding(), { routes })
    await Promise.all(Array.from({ length: 24 }, () => handle.request(GET)))
    expect(service.received).toHaveLength(24)
    expect(most).toBe(8)
    handle.end()
  })
})
