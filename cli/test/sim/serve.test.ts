// SPDX-License-Identifier: Apache-2.0
/** A simulator over HTTPS: what it answers arrives as it is, and connections go wrong as it wants. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { makeCertificate } from '../../src/sim/certificate.ts'
import type { Certificate } from '../../src/sim/certificate.ts'
import { serveSimulator } from '../../src/sim/serve.ts'
import type { ServedSimulator } from '../../src/sim/serve.ts'
import type { ServedAnswer, ServedRequest } from '../../src/sim/served.ts'

const NAMES = ['pve1', 'localhost', '127.0.0.1']
const LONG = 'x'.repeat(2000)

let certificate: Certificate
let served: ServedSimulator
let received: ServedRequest[]
let answer: ServedAnswer

const plain = (status: number, reason: string, text = ''): ServedAnswer => ({
  status,
  reason,
  headers: { 'Content-Type': 'text/plain', 'Content-Length': String(text.length) },
  body: Buffer.from(text),
  delayMs: 0,
})

beforeEach(async () => {
  certificate ??= await makeCertificate(NAMES)
  received = []
  answer = plain(200, 'OK', 'fine')
  served = await serveSimulator({
    certificate,
    compressAbove: 1024,
    handle: (each) => {
      received.push(each)
      return answer
    },
  })
})

afterEach(() => served.close())

interface Got {
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
}

/** Asks as a client that trusts this certificate alone. */
function ask(options: RequestOptions = {}, body?: string): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  const about = {
    host: '127.0.0.1',
    port: served.port,
    ca: certificate.certPem,
    agent: false as const,
  }
  const sent = request({ ...about, ...options }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => {
      const { statusCode: status, statusMessage: reason, headers } = response
      resolve({ status, reason, headers, bytes: Buffer.concat(parts) })
    })
  })
  sent.on('error', reject)
  sent.setTimeout(options.timeout ?? 15_000, () => sent.destroy(new Error('no answer')))
  sent.end(body)
  return promise
}

describe('a served simulator', () => {
  it('is known by its certificate, for its names and address', async () => {
    expect((await ask()).bytes.toString()).toBe('fine')
    expect((await ask({ servername: 'pve1' })).status).toBe(200)
    expect(certificate.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is not believed by who trusts another certificate', async () => {
    const other = await makeCertificate(NAMES)
    await expect(ask({ ca: other.certPem })).rejects.toThrow()
    expect(received).toEqual([])
  })

  it('shows another certificate once it is changed', async () => {
    const other = await makeCertificate(NAMES)
    served.changeCertificate(other)
    expect((await ask({ ca: other.certPem })).status).toBe(200)
    await expect(ask()).rejects.toThrow()
  })

  it('hands over method, target, headers and body as they came', async () => {
    const headers = { 'X-Two': ['a', 'b'], 'content-type': 'text/plain' }
    await ask({ method: 'PUT', path: '/api2/json/a%2Fb?x=1&x=2', headers }, 'héllo')
    const [{ method, target, headers: got, body }] = received as [ServedRequest]
    expect({ method, target, body: Buffer.from(body).toString() }).toEqual({
      method: 'PUT',
      target: '/api2/json/a%2Fb?x=1&x=2',
      body: 'héllo',
    })
    expect(got).toMatchObject({ 'x-two': 'a, b', 'content-type': 'text/plain' })
  })

  it('says that a body was chunked', async () => {
    await ask({ method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, 'x')
    expect(received[0]?.headers).toMatchObject({ 'transfer-encoding': 'chunked' })
  })

  it.each([
    [595, 'No route to host'],
    [403, 'Permission check failed (/vms/101, VM.Audit)'],
    [500, 'k\u00e4se'],
  ])('answers status %s with its own words', async (status, reason) => {
    answer = plain(status, reason)
    expect(await ask()).toMatchObject({ status, reason })
  })

  it('compresses long answers for who takes that, and no others', async () => {
    answer = plain(200, 'OK', LONG)
    const packed = await ask({ headers: { 'accept-encoding': 'gzip, deflate' } })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.bytes).toString()).toBe(LONG)
    const asIs = await ask({ headers: { 'accept-encoding': 'identity' } })
    expect([asIs.headers['content-encoding'], asIs.bytes.length]).toEqual([undefined, 2000])
    answer = plain(200, 'OK', 'short')
    const short = await ask({ headers: { 'accept-encoding': 'gzip' } })
    expect(short.bytes.toString()).toBe('short')
  })

  it('answers late when the simulator wants that', async () => {
    answer = { ...plain(401, 'Authentication failed!'), delayMs: 120 }
    const startedMs = performance.now()
    expect((await ask()).status).toBe(401)
    expect(performance.now() - startedMs).toBeGreaterThan(110)
  })

  it('closes the connection without a byte', async () => {
    answer = { ends: 'reset', delayMs: 0 }
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('never answers', async () => {
    answer = { ends: 'hang' }
    await expect(ask({ timeout: 400 })).rejects.toThrow('no answer')
    expect(received).toHaveLength(1)
  })

  it('closes at once, whoever still waits', async () => {
    answer = { ...plain(200, 'OK'), delayMs: 60_000 }
    const waiting = ask().catch((error: unknown) => error)
    while (received.length === 0) await new Promise((done) => setTimeout(done, 10))
    await served.close()
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' })
  })

  it('survives a client that speaks no TLS', async () => {
    const socket = connect({ host: '127.0.0.1', port: served.port })
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\n\r\n')
    await new Promise<void>((done) => socket.once('close', () => done()))
    expect((await ask()).status).toBe(200)
  })

  it('names a port that is taken, and what to do', async () => {
    const again = serveSimulator({ certificate, port: served.port, handle: () => answer })
    await expect(again).rejects.toMatchObject({
      code: 'ERR_PORT_TAKEN',
      remedy: expect.stringContaining('--port'),
    })
  })
})

describe('a certificate', () => {
  it('cannot be made without openssl, which the error says how to get', async () => {
    await expect(makeCertificate(NAMES, '/no/such/openssl')).rejects.toMatchObject({
      code: 'ERR_NO_OPENSSL',
      commands: ['apt-get install openssl'],
    })
  })

  it('is another one each time', async () => {
    const other = await makeCertificate(NAMES)
    expect(other.fingerprint).not.toBe(certificate.fingerprint)
  })
})
