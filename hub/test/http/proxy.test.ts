// SPDX-License-Identifier: Apache-2.0
/** A hub behind the reverse proxies for which files are shipped, with those very files. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request as askPlain } from 'node:http'
import { request as askTls } from 'node:https'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { digestOf } from '@sallyport/core/crypto'
import { makeAuthority } from '../../../core/test/plugins/broker/endpoint/certificates.ts'
import { HUB_LIMITS } from '@sallyport/hub'
import { OwnHub } from '../support/own-hub.ts'
import { temporaryFolder } from '../support/site.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { patient } from '../../../test/support/patience.ts'

/** What the proxy's certificate is believed by. */
let ca: string
const FILES = resolve(import.meta.dirname, '../../../packaging/proxy')
const SLOW = 60_000

interface Place {
  readonly folder: string
  readonly port: number
  /** Port of the hub. */
  readonly hub: number
}

/** Puts a test's places into a shipped file. Every one of them must be in it. */
function adapt(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((adapted, [from, to]) => {
    if (!adapted.includes(from)) throw new Error(`the file has no ${from}`)
    return adapted.replaceAll(from, to)
  }, text)
}

async function haproxy({ folder, port, hub }: Place): Promise<ChildProcess> {
  const shipped = await readFile(join(FILES, 'haproxy.cfg'), 'utf8')
  const config = adapt(shipped, [
    ['maxconn 20000', 'maxconn 100'],
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['/etc/haproxy/hub.example.pem', join(folder, 'both.pem')],
    ['10.0.0.11:8420', `127.0.0.1:${hub}`],
    // Nobody is there: it must be found out, and left alone.
    ['10.0.0.12:8420', '127.0.0.1:1'],
  ])
  await writeFile(join(folder, 'haproxy.cfg'), config)
  return spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
}

async function nginx({ folder, port, hub }: Place): Promise<ChildProcess> {
  const shipped = await readFile(join(FILES, 'nginx.conf'), 'utf8')
  const site = adapt(shipped, [
    ['127.0.0.1:8420', `127.0.0.1:${hub}`],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/ssl/hub.example/fullchain.pem', join(folder, 'hub.pem')],
    ['/etc/ssl/hub.example/privkey.pem', join(folder, 'hub.key')],
  ])
  await writeFile(join(folder, 'site.conf'), site)
  const around = `pid ${folder}/pid; error_log ${folder}/error.log; daemon off; master_process off; events {}
    http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; include ${folder}/site.conf; }`
  await writeFile(join(folder, 'nginx.conf'), around)
  return spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'ignore' })
}

const PROXIES = { haproxy, nginx }

/** HAProxy is installed for this. nginx would serve port 80 from its installation on, so it is tried where it is. */
const isThere = (program: string) => spawnSync(program, ['-v']).error === undefined
const names = (['haproxy', 'nginx'] as const).filter((name) => name === 'haproxy' || isThere(name))

describe.each(names)('behind %s', (name) => {
  let scope: AsyncDisposableStack
  let own: OwnHub
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    const folder = await temporaryFolder(scope)
    const authority = makeAuthority(folder)
    ca = authority.ca
    const { cert, key } = authority.leaf('DNS:localhost')
    await writeFile(join(folder, 'hub.pem'), cert)
    await writeFile(join(folder, 'hub.key'), key)
    await writeFile(join(folder, 'both.pem'), cert + key)
    const port = await freePort()
    own = await OwnHub.open(folder, scope, {
      ca: authority.ca,
      publicUrls: [`https://localhost:${port}`],
      trustedProxies: ['127.0.0.1/32'],
      limits: { ...HUB_LIMITS, backOffFirstMs: 60_000, backOffMaxMs: 60_000 },
    })
    const hub = Number(new URL(own.url).port)
    const proxy = await PROXIES[name]({ folder, port, hub })
    scope.defer(async () => {
      proxy.kill('SIGKILL')
      if (proxy.exitCode === null && proxy.signalCode === null) await once(proxy, 'close')
    })
    own.url = `https://localhost:${port}`
    await answering(own)
  }, SLOW)
  afterEach(() => scope.disposeAsync())

  it(
    'agents enrol, wait in held polls, get jobs in the tick in which they come, and answer',
    async () => {
      const agent = await own.enrol()
      const poll = agent.client.takeDeliveries({ waitSeconds: 50 })
      await sleep(500)
      const envelopeId = await own.submit(agent)
      const submittedAt = performance.now()
      expect(await poll).toMatchObject([{ envelopeId }])
      expect(performance.now() - submittedAt).toBeLessThan(patient(2_000))
      await agent.client.answerEnvelope(envelopeId, `${'x'.repeat(4_000_000)}`)
      const { result } = await own.connect().showEnvelope(envelopeId)
      expect(result).toHaveLength(4_000_000)
    },
    SLOW,
  )

  it(
    'whoever guesses is one and the same, whatever the headers say; others are not held back for it',
    async () => {
      for (let n = 1; n <= ATTEMPTS; n++) {
        const said = disguises(n)[n % disguises(n).length]!
        expect(await guess(own.url, { ...said, from: '127.0.0.2' })).toBe(400)
      }
      for (const said of disguises(99)) {
        expect(await guess(own.url, { ...said, from: '127.0.0.2' })).toBe(429)
      }
      expect(await guess(own.url, { from: '127.0.0.3' })).toBe(400)
      // As the proxy would say it: all of one half of an IPv6 address is one.
      const told = (address: string) => guess(own.hub.url, { 'x-forwarded-for': address })
      for (let n = 1; n <= ATTEMPTS; n++) expect(await told(`2001:db8:1:2::${n}`)).toBe(400)
      expect(await told('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(429)
      expect(await told('2001:db8:1:3::1')).toBe(400)
    },
    SLOW,
  )

  it(
    'the largest bundle passes both ways',
    async () => {
      const bytes = randomBytes(8 * 1_024 * 1_024)
      const digest = digestOf(bytes)
      await own.connect().storeBundle(digest, bytes)
      expect(Buffer.from(await own.connect().fetchBundle(digest)).equals(bytes)).toBe(true)
    },
    SLOW,
  )
})

/** Attempts of a guesser before the hub lets them wait. */
const ATTEMPTS = HUB_LIMITS.backOffAfter

/** Guesses a code, from an address, with whatever headers. Returns the status. */
async function guess(
  url: string,
  { from = '127.0.0.1', ...headers }: { from?: string; [header: string]: string | string[] },
): Promise<number | undefined> {
  const { port, protocol } = new URL(url)
  const ask = protocol === 'https:' ? askTls : askPlain
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const where = { host: '127.0.0.1', port, localAddress: String(from), path: '/v1/enrolments' }
  const trust = { ca, servername: 'localhost', agent: false as const }
  const type = { host: 'localhost', 'content-type': 'application/json' }
  const request = ask({ ...where, ...trust, method: 'POST', headers: { ...type, ...headers } })
  request.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
  request.end('{}')
  return promise
}

/** Who a stranger says to be, another one each time. */
const disguises = (n: number): Record<string, string | string[]>[] => [
  { 'x-forwarded-for': `198.51.100.${n}` },
  { 'x-forwarded-for': [`198.51.100.${n}`, `203.0.113.${n}`] },
  { forwarded: `for=198.51.100.${n}` },
  { forwarded: `for="[2001:db8:${n}::1]"`, 'x-real-ip': `198.51.100.${n}` },
  { 'x-forwarded-for': `127.0.0.1, 198.51.100.${n}`, 'x-client-ip': `198.51.100.${n}` },
  { 'x-forwarded-for': `2001:db8:${n}::1`, via: `1.1 198.51.100.${n}` },
]

async function answering(own: OwnHub): Promise<void> {
  const client = own.connect()
  const endsAt = performance.now() + patient(10_000)
  for (;;) {
    try {
      await client.ready()
      return
    } catch (error) {
      if (performance.now() > endsAt) throw error
      await sleep(100)
    }
  }
}
