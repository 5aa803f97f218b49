// SPDX-License-Identifier: Apache-2.0
/** Certificates that are not those of the hub: the client hangs up before it has sent a byte of its request. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTlsServer, type Server } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecureVersion } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openHubClient } from '@sallyport/core/transport'
import {
  makeAuthority,
  type Authority,
  type Leaf,
} from '../plugins/broker/endpoint/certificates.ts'

const HEALTH = { status: 'ok', version: '1.0.0', now: '2026-01-31T12:00:00.000Z' }
const clock = { now: () => Date.now() }
const scope = new AsyncDisposableStack()

let authority: Authority
let stranger: Authority
let right: Leaf
/** Requests that reached the hub. */
let received: string[] = []

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-client-tls-'))
  scope.defer(() => rmSync(folder, { recursive: true }))
  authority = makeAuthority(folder)
  stranger = makeAuthority(folder)
  right = authority.leaf('DNS:localhost,IP:127.0.0.1')
})
afterAll(() => scope.disposeAsync())

/** A hub with this certificate. Returns its port. */
async function serve(leaf: Leaf, versions: Versions = {}): Promise<number> {
  received = []
  const server = createTlsServer(
    { cert: leaf.cert, key: leaf.key, ...versions },
    (request, response) => {
      received.push(`${request.method} ${request.url}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(HEALTH))
    },
  )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  scope.defer(() => close(server))
  return (server.address() as AddressInfo).port
}

interface Versions {
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
  readonly ciphers?: string
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
}

async function outcome(url: string, ca: string | undefined = authority.ca): Promise<string> {
  await using client = openHubClient({ url, clock, ...(ca === '' ? {} : { ca }) })
  return await client.health().then(
    ({ status }) => status,
    (error: { code: string; details?: { reason?: string } }) =>
      `${error.code} ${error.details?.reason}`,
  )
}

describe('the client', () => {
  it('speaks to a hub whose certificate is right, by name and by address', async () => {
    const port = await serve(right)
    expect(await outcome(`https://localhost:${port}`)).toBe('ok')
    expect(await outcome(`https://127.0.0.1:${port}`)).toBe('ok')
  })

  it.each<[what: string, host: string, leaf: () => Leaf, reason: string]>([
    ['of another name', 'localhost', () => authority.leaf('DNS:hub.example'), 'ALTNAME'],
    ['of a name below', 'localhost', () => authority.leaf('DNS:*.localhost'), 'ALTNAME'],
    [
      'of a name alone, at an address',
      '127.0.0.1',
      () => authority.leaf('DNS:localhost'),
      'ALTNAME',
    ],
    ['of an address as a name', '127.0.0.1', () => authority.leaf('DNS:127.0.0.1'), 'ALTNAME'],
    ['of an address with a star', '127.0.0.1', () => authority.leaf('DNS:*.0.0.1'), 'ALTNAME'],
    ['of another address', '127.0.0.1', () => authority.leaf('IP:127.0.0.2'), 'ALTNAME'],
    ['of a URI', '127.0.0.1', () => authority.leaf('URI:https://127.0.0.1/'), 'ALTNAME'],
    ['that has ended', 'localhost', () => authority.leaf('DNS:localhost', -1), 'EXPIRED'],
    ['of another authority', 'localhost', () => stranger.leaf('DNS:localhost'), 'VERIFY'],
  ])('hangs up on a certificate %s, and has said nothing', async (_what, host, leaf, reason) => {
    const port = await serve(leaf())
    const refused = await outcome(`https://${host}:${port}`)
    expect(refused).toMatch(/^ERR_HUB_UNREACHABLE /)
    expect(refused).toContain(reason)
    expect(received).toEqual([])
  })

  it('believes no certificate that only vouches for itself, and none that the system does not know', async () => {
    const port = await serve(right)
    expect(await outcome(`https://localhost:${port}`, stranger.ca)).toContain('UNREACHABLE')
    expect(await outcome(`https://localhost:${port}`, '')).toContain('UNREACHABLE')
    expect(received).toEqual([])
  })

  it.each<SecureVersion>(['TLSv1', 'TLSv1.1'])('speaks no %s', async (version) => {
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const port = await serve(right, { minVersion: version, maxVersion: version, ciphers })
    expect(await outcome(`https://localhost:${port}`)).toContain('ERR_HUB_UNREACHABLE')
    expect(received).toEqual([])
  })

  it('falls back to nothing where TLS is not spoken', async () => {
    const heard: Buffer[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => {
        heard.push(Buffer.from(bytes))
        socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}')
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    scope.defer(() => new Promise<void>((done) => server.close(() => done())))
    const { port } = server.address() as AddressInfo
    expect(await outcome(`https://localhost:${port}`)).toContain('ERR_HUB_UNREACHABLE')
    const bytes = Buffer.concat(heard)
    // A handshake record of TLS, and nothing of HTTP.
    expect(bytes[0]).toBe(0x16)
    expect(bytes.toString('latin1')).not.toContain('/health')
  })
})
