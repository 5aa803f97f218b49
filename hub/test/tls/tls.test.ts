// SPDX-License-Identifier: Apache-2.0
/** A hub that ends TLS itself, and new certificates under its running connections. */
import { rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  makeAuthority,
  type Authority,
  type Leaf,
} from '../../../core/test/plugins/broker/endpoint/certificates.ts'
import type { Log } from '../../src/log.ts'
import { TlsKeeper } from '../../src/tls/tls-keeper.ts'
import { HUB_LIMITS } from '@sallyport/hub'
import { OwnHub } from '../support/own-hub.ts'
import { temporaryFolder } from '../support/site.ts'

const NAMES = 'DNS:localhost,IP:127.0.0.1'
const DAY = 86_400_000

let scope: AsyncDisposableStack
let folder: string
let authority: Authority
let first: Leaf
beforeEach(async () => {
  scope = new AsyncDisposableStack()
  folder = await temporaryFolder(scope)
  authority = makeAuthority(folder)
  first = authority.leaf(NAMES)
})
afterEach(() => scope.disposeAsync())

/** Puts files in place of others in one step each, as programs that renew certificates do. */
async function install(cert: string, key: string): Promise<{ cert: string; key: string }> {
  const files = { cert: join(folder, 'hub.pem'), key: join(folder, 'hub.key') }
  for (const [path, text] of [
    [files.key, key],
    [files.cert, cert],
  ] as const) {
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  return files
}

describe('a hub with a certificate of its own', () => {
  let own: OwnHub
  beforeEach(async () => {
    const tls = await install(first.cert, first.key)
    const limits = { ...HUB_LIMITS, headersMs: 3_000 }
    own = await OwnHub.open(folder, scope, { tls, ca: authority.ca, limits })
  })

  it('keeps a held poll over a change of the certificate, and shows the new one to whoever comes', async () => {
    expect(own.url).toMatch(/^https:/)
    const agent = await own.enrol()
    const poll = agent.client.takeDeliveries({ waitSeconds: 20 })
    await new Promise((done) => setTimeout(done, 200))
    const second = authority.leaf(NAMES)
    await install(second.cert, second.key)
    await own.hub.reload()
    expect(await shownBy(own.url)).toBe(second.fingerprint)
    await own.submit(agent)
    expect(await poll).toHaveLength(1)
  })

  it('stays with the old one while the new files are unfit, and says so', async () => {
    const other = authority.leaf(NAMES)
    const expired = authority.leaf(NAMES, -1)
    for (const [cert, key] of [
      [other.cert, first.key],
      [expired.cert, expired.key],
      ['', ''],
    ] as const) {
      await install(cert, key)
      await own.hub.reload()
      expect(await shownBy(own.url)).toBe(first.fingerprint)
    }
    expect(await own.connect().ready()).toEqual({ status: 'degraded', degraded: ['tls'] })
    await install(other.cert, other.key)
    await own.hub.reload()
    expect(await shownBy(own.url)).toBe(other.fingerprint)
  })

  it('keeps no connection of somebody who says nothing', async () => {
    const silent = connect(Number(new URL(own.url).port), '127.0.0.1')
    silent.on('error', () => undefined).resume()
    await new Promise((done) => silent.once('close', done))
    expect(await own.connect().health()).toMatchObject({ status: 'ok' })
  })

  it('cuts off whoever speaks no TLS, and an older TLS, and goes on', async () => {
    const { port } = new URL(own.url)
    const plain = connect(Number(port), '127.0.0.1')
    plain.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')
    plain.on('error', () => undefined).resume()
    await new Promise((done) => plain.once('close', done))
    await expect(shownBy(own.url, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow()
    expect(await own.connect().health()).toMatchObject({ status: 'ok' })
  })
})

describe('the keeper of a certificate', () => {
  const open = async (cert: Leaf, aheadMs = 0) => {
    const lines: string[] = []
    const write = (_fields: object, event: string) => void lines.push(event)
    const log: Log = { debug: write, info: write, warn: write, error: write }
    const files = await install(cert.cert, cert.key)
    const keeper = await TlsKeeper.open({ files, clock: { now: () => Date.now() + aheadMs }, log })
    return { keeper, lines }
  }

  it('finds new files by itself', async () => {
    const { keeper } = await open(first)
    const taken = Promise.withResolvers<unknown>()
    using _keeping = keeper.keep({ setSecureContext: taken.resolve }, 50)
    const second = authority.leaf(NAMES)
    await install(second.cert, second.key)
    expect(await taken.promise).toMatchObject({ cert: Buffer.from(second.cert) })
  })

  it('complains once about the same files, and again about others', async () => {
    const { keeper, lines } = await open(first)
    for (const key of ['no key', 'no key', authority.leaf(NAMES).key]) {
      await install(first.cert, key)
      await keeper.look()
      await keeper.look()
    }
    expect(lines).toEqual(['tls.taken', 'tls.kept', 'tls.kept'])
  })

  it('says from a week before that the certificate ends, and takes an expired one at the start', async () => {
    const look = (keeper: TlsKeeper) => keeper.part.look(new AbortController().signal)
    expect(look((await open(first)).keeper)).toBe('ok')
    for (const aheadMs of [25 * DAY, 40 * DAY]) {
      const { keeper, lines } = await open(first, aheadMs)
      expect(look(keeper)).toBe('degraded')
      expect(lines).toEqual(['tls.taken', 'tls.ends_soon'])
    }
  })
})

/** Fingerprint of the certificate that the hub shows to a new connection. */
async function shownBy(
  url: string,
  options: { maxVersion?: 'TLSv1.1'; minVersion?: 'TLSv1' } = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connectTls(
    { port: Number(new URL(url).port), host: '127.0.0.1', ca: authority.ca, ...options },
    () => resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? ''),
  )
  socket.once('error', reject)
  try {
    return (await promise).replaceAll(':', '').toLowerCase()
  } finally {
    socket.destroy()
  }
}
