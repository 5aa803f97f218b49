// SPDX-License-Identifier: Apache-2.0
/** Whom a credential is sent to: the bound service, proved to be it, and nobody else. */
import { rm } from 'node:fs/promises'
import { createServer as createTlsServer } from 'node:tls'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ServicePin } from '../../../../src/plugins/bindings/binding.ts'
import { temporaryFolder, type TemporaryFolder } from '../../support.ts'
import { makeAuthority, type Authority, type Leaf } from './certificates.ts'
import { openHandle, refusal, startService, TOKEN, type ServiceForTest } from './services.ts'

const GET = { method: 'GET', path: '/x' }
const routes = [{ route: 'GET /x' }]

let folder: TemporaryFolder
let own: Authority
let other: Authority
let leaf: Leaf

beforeAll(async () => {
  folder = await temporaryFolder()
  own = makeAuthority(folder.path)
  other = makeAuthority(folder.path)
  leaf = own.leaf('IP:127.0.0.1,DNS:localhost')
})

afterAll(() => folder[Symbol.asyncDispose]())

/** Calls a service that shows a leaf, under a pin. */
async function call(
  shown: Leaf,
  pin: ServicePin,
  url = (service: ServiceForTest) => service.url,
): Promise<{ code: string; message: string; received: number; connectionCount: number }> {
  await using service = await startService(undefined, { tls: shown })
  const handle = openHandle(service.binding({ pin, url: url(service) }), { routes })
  const outcome = await refusal(handle.request(GET))
  handle.end()
  const { received, connectionCount } = service
  return { ...outcome, received: received.length, connectionCount: connectionCount() }
}

describe('a service pinned to an authority', () => {
  it('is called when that authority vouches for its address', async () => {
    expect(await call(leaf, { by: 'ca', pem: own.ca })).toMatchObject({ code: 'none', received: 1 })
  })

  it('is called by name', async () => {
    const byName = (service: ServiceForTest) => service.url.replace('127.0.0.1', 'localhost')
    expect(await call(leaf, { by: 'ca', pem: own.ca }, byName)).toMatchObject({ code: 'none' })
  })

  it.each<[string, () => Leaf, () => ServicePin]>([
    ['another authority', () => other.leaf('IP:127.0.0.1'), () => ({ by: 'ca', pem: own.ca })],
    ['no authority that Node knows', () => leaf, () => ({ by: 'public' })],
    ['another address', () => own.leaf('IP:127.0.0.2'), () => ({ by: 'ca', pem: own.ca })],
    ['a name', () => own.leaf('DNS:localhost'), () => ({ by: 'ca', pem: own.ca })],
    ['the address as a name', () => own.leaf('DNS:127.0.0.1'), () => ({ by: 'ca', pem: own.ca })],
    ['any name', () => own.leaf('DNS:*'), () => ({ by: 'ca', pem: own.ca })],
    ['a time that is over', () => own.leaf('IP:127.0.0.1', -1), () => ({ by: 'ca', pem: own.ca })],
  ])('is not called with a certificate for %s', async (_, shown, pin) => {
    expect(await call(shown(), pin())).toMatchObject({
      code: 'ERR_ENDPOINT_UNTRUSTED',
      received: 0,
    })
  })

  it.each(['', 'none', '-----BEGIN CERTIFICATE-----'])(
    'is not even dialled when that authority is %p',
    async (pem) => {
      const outcome = await call(leaf, { by: 'ca', pem })
      expect(outcome).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED', connectionCount: 0 })
    },
  )

  it('stays so in an environment that turns checks off', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const shown = other.leaf('IP:127.0.0.1')
      const outcome = await call(shown, { by: 'ca', pem: own.ca })
      expect(outcome).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED', received: 0 })
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })
})

describe('a service pinned to a fingerprint', () => {
  it('is called with exactly that certificate, whoever vouches for it', async () => {
    const shown = other.leaf('DNS:elsewhere.example', -1)
    const pin = { by: 'fingerprint' as const, sha256: shown.fingerprint.toUpperCase() }
    expect(await call(shown, pin)).toMatchObject({ code: 'none', received: 1 })
  })

  it('is not called with another, and no byte of the request leaves', async () => {
    const bytes: Buffer[] = []
    const server = createTlsServer({ ...leaf }, (socket) => {
      socket.on('data', (chunk: Buffer) => void bytes.push(chunk))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    await using service = await startService()
    const sha256 = own.leaf('IP:127.0.0.1').fingerprint
    const pin = { by: 'fingerprint' as const, sha256 }
    const binding = service.binding({ pin, url: `https://127.0.0.1:${port}` })
    const handle = openHandle(binding, { routes })
    const outcome = await refusal(handle.request(GET))
    await new Promise((done) => setTimeout(done, 100))
    handle.end()
    await new Promise((done) => server.close(done))
    expect(outcome.code).toBe('ERR_ENDPOINT_UNTRUSTED')
    expect(Buffer.concat(bytes)).toHaveLength(0)
  })

  it.each(['', 'zz', 'a'.repeat(63)])('is not called with the fingerprint "%s"', async (sha256) => {
    const outcome = await call(leaf, { by: 'fingerprint', sha256 })
    expect(outcome).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED', connectionCount: 0 })
  })
})

describe('a service without TLS', () => {
  const PINS: ServicePin[] = [
    { by: 'public' },
    { by: 'ca', pem: 'x' },
    { by: 'fingerprint', sha256: 'a'.repeat(64) },
  ]

  it.each(PINS)('is not called where a certificate is asked for: $by', async (pin) => {
    await using service = await startService()
    const handle = openHandle(service.binding({ pin }), { routes })
    expect(await refusal(handle.request(GET))).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED' })
    expect(service.connectionCount()).toBe(0)
    handle.end()
  })

  it('is no stand-in for one with TLS', async () => {
    await using service = await startService()
    const url = service.url.replace('http:', 'https:')
    const handle = openHandle(service.binding({ pin: { by: 'ca', pem: own.ca }, url }), { routes })
    expect((await refusal(handle.request(GET))).code).toMatch(/^ERR_ENDPOINT_UN/)
    expect(service.received).toEqual([])
    handle.end()
  })

  it('is called on loopback', async () => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    expect(await handle.request(GET)).toMatchObject({ status: 200 })
    handle.end()
  })

  it('is called over a Unix socket, whatever its name', async () => {
    const path = join(folder.path, 'service.sock')
    await using service = await startService(undefined, { path })
    const handle = openHandle(service.binding({ url: 'http://docker/v1.47/' }), { routes })
    expect(await handle.request(GET)).toMatchObject({ status: 200 })
    expect(service.received).toMatchObject([{ url: '/v1.47/x', headers: { host: 'docker' } }])
    handle.end()
    await rm(path, { force: true })
  })

  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)

  it('is not called at another address of this machine', async () => {
    // A machine without any network has no such address.
    if (outside === undefined) return
    let byteCount = 0
    const { createServer } = await import('node:net')
    const server = createServer((socket) => {
      socket.on('data', (bytes) => (byteCount += bytes.length)).on('error', () => undefined)
    })
    await new Promise<void>((done) => server.listen(0, outside.address, done))
    const { port } = server.address() as { port: number }
    await using service = await startService()
    const url = `http://${outside.address}:${port}`
    const handle = openHandle(service.binding({ url }), { routes })
    expect((await refusal(handle.request(GET))).code).toBe('ERR_ENDPOINT_UNTRUSTED')
    handle.end()
    await new Promise((done) => server.close(done))
    expect(byteCount).toBe(0)
  })
})

describe('an address', () => {
  it.each([
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'unix:///run/x.sock',
    'not an address',
    'http://name:word@127.0.0.1',
    'http://@127.0.0.1',
    'http://127.0.0.1/?q=1',
    'http://127.0.0.1/#x',
    'http://127.0.0.1\\@evil',
  ])('that is no plain one is not called: %s', async (url) => {
    await using service = await startService()
    const handle = openHandle(service.binding({ url }), { routes })
    const { code, message } = await refusal(handle.request(GET))
    expect(code).toBe('ERR_NOT_BOUND')
    expect(message).not.toContain('127.0.0.1')
    handle.end()
  })
})

describe('an error', () => {
  it('names the binding, and neither address nor credential', async () => {
    await using service = await startService()
    const { port } = new URL(service.url)
    await service[Symbol.asyncDispose]()
    const handle = openHandle(service.binding(), { routes })
    const { code, message } = await refusal(handle.request(GET))
    expect(code).toBe('ERR_ENDPOINT_UNREACHABLE')
    expect(message).toContain('"svc"')
    expect(message).not.toMatch(new RegExp(`${port}|127\\.0|${TOKEN}`))
    handle.end()
  })
})
