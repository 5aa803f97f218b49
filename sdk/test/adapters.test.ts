// SPDX-License-Identifier: Apache-2.0
/** Clients that were written for other transports ride on a handle. */
import { describe, expect, it } from '@jest/globals'
import { asDoRequest, asFetch, readStream } from '../src/index.ts'
import type { Endpoint, EndpointRequest } from '../src/index.ts'
import { fakeEndpoint } from '../src/testing/index.ts'

/** A service that answers with what it was asked. */
function mirror(status = 200): ReturnType<typeof fakeEndpoint> {
  const handler = ({ method, path, query, headers, json, form, bytes }: EndpointRequest) => ({
    status,
    json: { data: { method, path, query, headers, json, form, bytes: bytes && [...bytes] } },
  })
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']
  return fakeEndpoint(
    Object.fromEntries(
      methods.flatMap((method) => [
        [`${method} /{a:text}`, handler],
        [`${method} /{a:text}/{b:text}`, handler],
      ]),
    ),
  )
}

describe('asFetch', () => {
  const base = 'http://svc/v1'
  const ask = async (input: string, init = {}): Promise<any> => {
    const answer = await asFetch<typeof fetch>(mirror(), { base })(input, init)
    return ((await answer.json()) as { data: unknown }).data
  }

  it('takes an address below its base apart', async () => {
    expect(await ask('http://svc/v1/a/b%2Fc?x=1&x=2&y=ä')).toMatchObject({
      method: 'GET',
      path: '/a/b%2Fc',
      query: { x: ['1', '2'], y: ['ä'] },
    })
    expect(await ask('/v1/a')).toMatchObject({ path: '/a' })
  })

  it.each([
    'http://svc/v2/a',
    'http://svc/v1',
    'http://svc/v1/../a',
    'https://svc/v1/a',
    'http://x/v1/a',
  ])('does not take %s', async (address) => {
    await expect(ask(address)).rejects.toThrow(TypeError)
  })

  it('brings JSON, forms and bytes as what they are', async () => {
    const type = (value: string) => ({ 'content-type': value })
    const post = (body: unknown, headers = {}) => ask('/v1/a', { method: 'POST', body, headers })
    expect(await post('{"a":1}', type('application/json'))).toMatchObject({ json: { a: 1 } })
    expect(await post(new URLSearchParams('a=1&a=2'))).toMatchObject({ form: { a: ['1', '2'] } })
    const bytes = await post(new Uint8Array([1, 2]), type('application/x-tar'))
    expect(bytes).toMatchObject({ bytes: [1, 2], headers: type('application/x-tar') })
    expect(await post('{', type('application/json'))).toMatchObject({ bytes: [123] })
    const form = new FormData()
    form.set('a', 'b')
    expect((await post(form)).headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  })

  it('brings the headers that a handle takes and drops the others', async () => {
    const headers = { Accept: 'text/plain', Authorization: 'x', Cookie: 'y', 'User-Agent': 'z' }
    expect((await ask('/v1/a', { headers })).headers).toEqual({ accept: 'text/plain' })
  })

  it('takes a Request and an URL', async () => {
    const go = asFetch<typeof fetch>(mirror(), { base })
    const request = new Request('http://svc/v1/a', { method: 'PUT', body: 'x' })
    expect(await (await go(request)).json()).toMatchObject({ data: { method: 'PUT', path: '/a' } })
    const answer = await go(new URL('http://svc/v1/a'))
    expect(answer.url).toBe('http://svc/v1/a')
    expect(answer).toBeInstanceOf(Response)
  })

  it('gives any status, headers and an empty body where there is none', async () => {
    const service = fakeEndpoint({
      'GET /gone': { status: 404, headers: { ETag: '"1"' }, text: 'gone' },
      'DELETE /x': { status: 204 },
      'HEAD /x': { status: 200, headers: { 'content-length': '7' } },
    })
    const go = asFetch<typeof fetch>(service)
    const gone = await go('/gone')
    expect([gone.ok, gone.status, gone.headers.get('etag'), await gone.text()]).toEqual([
      false,
      404,
      '"1"',
      'gone',
    ])
    expect((await go('/x', { method: 'DELETE' })).body).toBeNull()
    expect((await go('/x', { method: 'HEAD' })).body).toBeNull()
    expect(service.calls.filter(({ method }) => method === 'close')).toHaveLength(2)
  })

  it('reads a stream as it is consumed, and closes it when it is left', async () => {
    const service = fakeEndpoint({ 'GET /events': { pieces: ['a', 'b', 'c'] } })
    const answer = await asFetch<typeof fetch>(service)('/events')
    const reads = () => service.calls.filter(({ method }) => method === 'read').length
    expect(reads()).toBe(0)
    for await (const piece of answer.body!) {
      expect(new TextDecoder().decode(piece)).toBe('a')
      break
    }
    expect(reads()).toBe(1)
    expect(service.calls.at(-1)).toEqual({ method: 'close', target: 'stream 1' })
  })

  it('leaves no stream behind a small answer that nobody reads', async () => {
    const headers = { 'content-length': '4' }
    const service = fakeEndpoint({ 'GET /x': { text: 'text', headers } })
    const answer = await asFetch<typeof fetch>(service)('/x')
    expect(service.calls.filter(({ method }) => method === 'read')).toHaveLength(2)
    expect(await answer.text()).toBe('text')
  })

  it('ends with its signal, before and during an answer', async () => {
    const reason = new Error('enough')
    const closed: number[] = []
    let release: (() => void) | undefined
    const slow: Pick<Endpoint, 'open' | 'read' | 'close'> = {
      open: () =>
        new Promise((resolve) => {
          release = () => resolve({ status: 200, statusText: '', headers: {}, streamId: 7 })
        }),
      read: () => new Promise(() => undefined),
      close: async (id) => void closed.push(id),
    }
    const first = new AbortController()
    const opening = asFetch<typeof fetch>(slow)('/x', { signal: first.signal })
    await new Promise((done) => setTimeout(done, 5))
    first.abort(reason)
    await expect(opening).rejects.toBe(reason)
    release!()
    await new Promise((done) => setTimeout(done, 5))
    expect(closed).toEqual([7])

    const second = new AbortController()
    const answering = asFetch<typeof fetch>(slow)('/x', { signal: second.signal })
    await new Promise((done) => setTimeout(done, 5))
    release!()
    const text = (await answering).text()
    second.abort(reason)
    await expect(text).rejects.toBe(reason)
    expect(closed).toEqual([7, 7])
  })
})

describe('asDoRequest', () => {
  it('calls what a client of Proxmox calls', async () => {
    const engine = asDoRequest(mirror())
    const get = { type: 'vm', full: true, none: null, gone: undefined, vmids: [1, 2] }
    expect(await engine.doRequest('get', '/api2/json/cluster/resources', 'x', get)).toMatchObject({
      method: 'GET',
      path: '/cluster/resources',
      query: { type: 'vm', full: 1, vmids: [1, 2] },
    })
    expect(await engine.doRequest('post', '/api2/json/a/b', 'x', { start: false })).toMatchObject({
      method: 'POST',
      form: { start: 0 },
    })
    expect(await engine.doRequest('delete', '/api2/json/a/b', 'x', { purge: 1 })).toMatchObject({
      query: { purge: 1 },
    })
    expect(await engine.doRequest('put', '/api2/json/a/b', 'x')).not.toHaveProperty('form')
  })

  it('encodes what such a client leaves as it is', async () => {
    const service = mirror()
    await asDoRequest(service).doRequest('get', '/api2/json/a/local:iso%2Fa b%.iso', 'x')
    expect(service.calls[0]?.target).toBe('GET /a/local:iso%2Fa%20b%25.iso')
  })

  it.each(['/nodes', '/api2/jsonx/nodes', 'http://x/api2/json/nodes', '/api2/json'])(
    'does not take %s',
    async (path) => {
      const asking = asDoRequest(mirror()).doRequest('get', path, 'x')
      await expect(asking).rejects.toThrow(TypeError)
    },
  )

  it('throws what is no success, with what the service says', async () => {
    const asking = asDoRequest(mirror(500)).doRequest('get', '/api2/json/a', 'x')
    await expect(asking).rejects.toMatchObject({
      code: 'ERR_ENDPOINT_STATUS',
      message: 'GET /a was answered 500',
      details: { status: 500, said: { data: { path: '/a' } } },
    })
    const text = fakeEndpoint({ 'GET /a': { status: 595, text: 'no route to host' } })
    const failing = asDoRequest(text, { base: '' }).doRequest('get', '/a', 'x')
    await expect(failing).rejects.toMatchObject({ details: { said: 'no route to host' } })
  })
})

describe('readStream', () => {
  const request = { method: 'GET', path: '/events' }

  it('gives the pieces and closes', async () => {
    const service = fakeEndpoint({ 'GET /events': { pieces: ['a', 'b'] } })
    let seen = ''
    for await (const piece of readStream(service, request)) seen += new TextDecoder().decode(piece)
    expect(seen).toBe('ab')
    expect(service.calls.at(-1)?.method).toBe('close')
  })

  it('closes when the loop is left, or throws', async () => {
    const service = fakeEndpoint({ 'GET /events': { pieces: ['a', 'b'] } })
    for await (const _ of readStream(service, request)) break
    const loop = async (): Promise<void> => {
      for await (const _ of readStream(service, request)) throw new Error('mine')
    }
    await expect(loop()).rejects.toThrow('mine')
    expect(service.calls.filter(({ method }) => method === 'close')).toHaveLength(2)
    expect(service.calls.filter(({ method }) => method === 'read')).toHaveLength(2)
  })

  it('throws for what is no success, and closes', async () => {
    const service = fakeEndpoint({ 'GET /events': { status: 500 } })
    const pieces = readStream(service, request)
    await expect(pieces.next()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_STATUS' })
    expect(service.calls.at(-1)?.method).toBe('close')
  })
})
