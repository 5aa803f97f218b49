// SPDX-License-Identifier: Apache-2.0
/** What the hub does with requests that no client of ours would make. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { connect } from 'node:net'
import { encodeBase64url } from '@sallyport/core/protocol'
import { WIRE, routes } from '@sallyport/core/transport'
import {
  accessHeaders,
  errorCodeOf,
  exchangeBytes,
  openToken,
  send,
  sendJson,
  type RawAnswer,
} from '../support/raw.ts'
import { TestSite, type TestAgent } from '../support/site.ts'

describe('the hub over HTTP', () => {
  let site: TestSite
  let agent: TestAgent
  let operator: string
  let agentToken: string
  beforeAll(async () => {
    site = await TestSite.open()
    agent = await site.enrol()
    operator = (await openToken(site.url, site.operatorIdentity)).token
    agentToken = (await openToken(site.url, agent.identity)).token
  })
  afterAll(() => site[Symbol.asyncDispose]())

  const outcome = (answer: RawAnswer) => `${answer.status} ${errorCodeOf(answer)}`
  const post = async (path: string, text: string, token = operator) =>
    outcome(await sendJson(site.url + path, text, { token }))
  const get = async (path: string, token = operator) =>
    outcome(
      await send(site.url + path, { headers: await accessHeaders('GET', site.url + path, token) }),
    )
  const submitHeaders = () => accessHeaders('POST', `${site.url}/v1/envelopes`, operator)
  const envelope = () => ({
    envelopeId: randomUUIDv7(),
    agentId: agent.agentId,
    sealed: 'sealed',
    expiresAt: site.instantIn(60_000),
  })

  it('answers every route with headers that keep browsers and caches out', async () => {
    for (const path of ['/health', '/nothing', '/v1/agents']) {
      const { headers } = await send(site.url + path)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
      expect(headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers).not.toHaveProperty('server')
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })

  it('makes the correlation id itself', async () => {
    const chosen = { 'x-correlation-id': 'mine', 'request-id': 'mine' }
    const answer = await send(`${site.url}/nothing`, { headers: chosen })
    expect(answer.text).not.toContain('mine')
    expect(answer.text).toContain(String(answer.headers['x-correlation-id']))
  })

  it('refuses a JSON member that stands twice', async () => {
    const text = JSON.stringify(envelope())
    const twice = text.replace('{', `{"sealed":"other",`)
    expect(await post('/v1/envelopes', twice)).toBe('400 ERR_JSON_DUPLICATE_KEY')
  })

  it.each([
    ['a member it does not know', { admin: true }],
    ['a missing member', { sealed: undefined }],
    ['an id that is none', { envelopeId: 'x' }],
    ['an instant that does not exist', { expiresAt: '2026-02-30T00:00:00.000Z' }],
    ['an instant after the year 9999', { expiresAt: '+275760-09-13T00:00:00.000Z' }],
    ['sealed text that does not print', { sealed: 'a\u0000b' }],
    ['sealed text that is too long', { sealed: 'x'.repeat(WIRE.maxSealedBytes + 1) }],
  ])('refuses a body with %s', async (_, change) => {
    const text = JSON.stringify({ ...envelope(), ...change })
    expect(await post('/v1/envelopes', text)).toBe('400 ERR_REQUEST_FORM')
  })

  it.each([
    ['nothing', ''],
    ['half a value', '{"a":'],
    ['a number that is not what it seems', '{"a":1e2}'],
    ['a prototype', '{"__proto__":{"a":1}}'],
    ['a depth of a thousand', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['two values', '{} {}'],
  ])('refuses %s for JSON', async (_, text) => {
    expect(await post('/v1/envelopes', text)).toBe('400 ERR_JSON_FORM')
  })

  it('refuses bytes that are not UTF-8', async () => {
    const headers = { 'content-type': 'application/json', ...(await submitHeaders()) }
    const body = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)
    const answer = await send(`${site.url}/v1/envelopes`, { method: 'POST', headers, body })
    expect(outcome(answer)).toBe('400 ERR_JSON_FORM')
  })

  it('refuses a body that is too large, by its length and by its bytes', async () => {
    const { maxRequestBytes } = routes.submitEnvelope
    const large = 'x'.repeat(maxRequestBytes + 1)
    expect(await post('/v1/envelopes', large)).toBe('413 ERR_BODY_SIZE')
    const headers = {
      'content-type': 'application/json',
      ...(await submitHeaders()),
      'transfer-encoding': 'chunked',
    }
    const answer = await send(`${site.url}/v1/envelopes`, { method: 'POST', headers, body: large })
    expect(outcome(answer)).toBe('413 ERR_BODY_SIZE')
  })

  it('refuses a large body from a stranger without reading it', async () => {
    const claim =
      'POST /v1/envelopes HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${4_000_000_000}\r\n\r\n{`
    const text = await exchangeBytes(site.url, claim)
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    expect(text).toContain('connection: close')
  })

  it.each([
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['application/octet-stream', undefined],
    ['application/json', 'gzip'],
  ])('refuses %s, encoded as %s, where JSON is due', async (type, encoding) => {
    const headers: Record<string, string> = {
      'content-type': type,
      ...(await submitHeaders()),
    }
    if (encoding !== undefined) headers['content-encoding'] = encoding
    const body = JSON.stringify(envelope())
    const answer = await send(`${site.url}/v1/envelopes`, { method: 'POST', headers, body })
    expect(outcome(answer)).toBe('415 ERR_MEDIA_TYPE')
  })

  it('refuses a body where none is due', async () => {
    const access = await accessHeaders('GET', `${site.url}/v1/agents`, operator)
    const headers = { 'content-length': '2', ...access }
    const answer = await send(`${site.url}/v1/agents`, { headers, body: '{}' })
    expect(outcome(answer)).toBe('415 ERR_MEDIA_TYPE')
  })

  it.each([
    '/v1/agents?limit=0',
    '/v1/agents?limit=101',
    '/v1/agents?limit=1e1',
    '/v1/agents?limit=-1',
    '/v1/agents?limit=01',
    '/v1/agents?limit=1&limit=2',
    '/v1/agents?order=name',
    '/v1/agents?limit=1;drop table agents',
    '/v1/envelopes?agentId=x',
    `/v1/envelopes/${'x'.repeat(36)}`,
    `/v1/envelopes/${randomUUIDv7()}?unless=gone`,
    `/v1/envelopes/${randomUUIDv7()}?waitSeconds=51`,
    `/v1/envelopes/${randomUUIDv7()}?waitSeconds=1e18`,
    '/v1/bundles/sha256:abc',
    '/v1/bundles/..%2f..%2fetc%2fpasswd',
  ])('refuses %s', async (path) => {
    expect(await get(encodeURI(path).replaceAll('%25', '%'))).toBe('400 ERR_REQUEST_FORM')
  })

  it.each([
    ['text', 'x'],
    ['JSON of another shape', encodeBase64url(Buffer.from('{}'))],
    ['a time that never comes', cursorOf(`[1e18,"${randomUUIDv7()}"]`)],
    ['a time beyond the calendar', cursorOf(`[8640000000000001,"${randomUUIDv7()}"]`)],
    ['a negative time', cursorOf(`[-1,"${randomUUIDv7()}"]`)],
    ['an id that is none', cursorOf('[1,"x\' OR 1=1"]')],
    ['white space we do not write', cursorOf(`[1, "${randomUUIDv7()}"]`)],
    ['one element more', cursorOf(`[1,"${randomUUIDv7()}",2]`)],
    ['another spelling of the same bits', `${cursorOf(`[1,"${randomUUIDv7()}"]`)}=`],
  ])('refuses a cursor of %s', async (_, cursor) => {
    const query = `?cursor=${encodeURIComponent(cursor)}`
    expect(await get(`/v1/envelopes${query}`)).toBe('400 ERR_CURSOR')
    expect(await get(`/v1/agents${query}`)).toBe('400 ERR_CURSOR')
  })

  it.each([
    ['GET', '/'],
    ['GET', '//health'],
    ['GET', '/health/'],
    ['GET', '/HEALTH'],
    ['DELETE', '/v1/agents'],
    ['HEAD', '/health'],
    ['OPTIONS', '/v1/agents'],
    ['PUT', '/v1/envelopes'],
  ])('knows no %s %s', async (method, path) => {
    const answer = await send(site.url + path, { method })
    expect(answer.status).toBe(404)
    if (method !== 'HEAD') expect(errorCodeOf(answer)).toBe('ERR_ROUTE_UNKNOWN')
  })

  it.each([
    [
      'a percent sign that means nothing',
      'GET /%zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
      400,
    ],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['no host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/sessions HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/sessions HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'headers of 64 KiB',
      `GET /health HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`,
      431,
    ],
  ])('answers %s with an error and lives', async (_, bytes, status) => {
    const text = await exchangeBytes(site.url, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(Object.keys(JSON.parse(body) as object).toSorted()).toEqual(['code', 'correlationId'])
    expect((await send(`${site.url}/health`)).status).toBe(200)
  })

  it('lives through a header named like the prototype', async () => {
    const bytes =
      'GET /health HTTP/1.1\r\nHost: h\r\n__proto__: x\r\nconstructor: y\r\nConnection: close\r\n\r\n'
    expect(await exchangeBytes(site.url, bytes)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('cuts a connection whose headers do not come', async () => {
    const { hostname, port } = new URL(site.url)
    const { promise, resolve } = Promise.withResolvers<void>()
    const socket = connect(Number(port), hostname, () => socket.write('GET /health HTTP/1.1\r\n'))
    socket.on('data', () => {}).on('close', () => resolve())
    await promise
  })

  it('tells nothing of what went wrong inside', async () => {
    const broken = await TestSite.open()
    const { token } = await openToken(broken.url, broken.operatorIdentity)
    await broken.ask('ALTER TABLE results RENAME TO gone')
    const url = `${broken.url}/v1/envelopes`
    const answer = await send(url, { headers: await accessHeaders('GET', url, token) })
    expect(outcome(answer)).toBe('500 ERR_INTERNAL')
    expect(answer.text).not.toMatch(/results|sql|\.ts|node:/i)
    await broken[Symbol.asyncDispose]()
  })

  it('keeps every route that names no other for its own role', async () => {
    for (const route of Object.values(routes)) {
      if (route.auth === 'none' || route.auth === 'any') continue
      const wrong = route.auth === 'agent' ? operator : agentToken
      const path = route.path.replaceAll(/\{[a-zA-Z]+\}/g, 'x')
      const headers = await accessHeaders(route.method, site.url + path, wrong)
      const answer = await send(site.url + path, { method: route.method, headers })
      expect(`${route.method} ${route.path} ${outcome(answer)}`).toMatch(/ 403 ERR_ROLE$/)
      const stranger = await send(site.url + path, { method: route.method })
      expect(`${route.method} ${route.path} ${outcome(stranger)}`).toMatch(/ 401 ERR_SESSION$/)
    }
  })
})

function cursorOf(json: string): string {
  return encodeBase64url(Buffer.from(json))
}
