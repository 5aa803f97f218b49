// SPDX-License-Identifier: Apache-2.0
/** A hub that answers to harm: bombs, lies, streams without end, silence. The agent hangs up, waits, and goes on as before. */
import { randomUUIDv7 } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeAuthority } from '../../core/test/plugins/broker/endpoint/certificates.ts'
import { HostileHub, NOTHING, type Answering } from '../support/hostile-hub.ts'
import { freePort } from '../support/free-port.ts'
import { patient } from '../support/patience.ts'
import { sallyport, sallyportJson, temporaryFolder } from '../support/programs.ts'
import { startHttp, type HttpService } from '../support/services.ts'
import { Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const MIB = 1_024 * 1_024
/** What all of it together may cost the agent. Units: MiB. */
const MAX_GROWTH = 50

let target: Target
let hub: HostileHub
let elsewhere: HttpService
beforeAll(async () => {
  target = await Target.open()
  elsewhere = await startHttp((_, response) => void response.end())
})
afterAll(async () => {
  await hub[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
})

/** Codes that the agent has met so far. */
function codes(): string[] {
  const { stderr } = target.field.program('pve1').output()
  return [...stderr.matchAll(/"code":"(ERR_[A-Z_]+)"/g)].map(([, code]) => code!)
}

/** The agent polls a hub that holds it, so that its waiting begins anew. */
async function calm(): Promise<void> {
  hub.answerPoll = NOTHING
  const { pollCount } = hub
  await until(() => hub.pollCount >= pollCount + 2, 'two calm polls')
}

/** Sends the same bytes for as long as they are taken. */
function pour(response: ServerResponse, bytes: Uint8Array | string): void {
  const go = (): void => {
    while (!response.destroyed && response.write(bytes));
  }
  response.on('drain', go)
  go()
}

const JSON_TYPE = { 'content-type': 'application/json' }
const ZEROS = Buffer.alloc(16 * MIB)

/** An endless stream of something small that grows. */
const bomb =
  (encoding: string, bytes: Uint8Array): Answering =>
  (_, response) => {
    response.writeHead(200, { ...JSON_TYPE, 'content-encoding': encoding })
    pour(response, bytes)
  }

/** One whole text, said to be JSON. */
const text =
  (body: string): Answering =>
  (_, response) =>
    void response.writeHead(200, JSON_TYPE).end(body)

const delivery = (envelopeId: unknown, sealed: unknown): string =>
  JSON.stringify({ deliveries: [{ envelopeId, sealed }] })

/** Writes past the rules of HTTP. */
const raw =
  (write: (response: ServerResponse) => void): Answering =>
  (_, response) =>
    write(response)

const HARM: Readonly<Record<string, readonly [code: string, Answering]>> = {
  'a bomb of gzip': ['ERR_HUB_ANSWER_FORM', bomb('gzip', gzipSync(ZEROS))],
  'a bomb of deflate': ['ERR_HUB_ANSWER_FORM', bomb('deflate', deflateSync(ZEROS))],
  'a bomb of Brotli': ['ERR_HUB_ANSWER_FORM', bomb('br', brotliCompressSync(ZEROS))],
  'a bomb that does not say so': [
    'ERR_HUB_ANSWER_FORM',
    (_, response) => void response.writeHead(200, JSON_TYPE).end(gzipSync(ZEROS)),
  ],
  'more than it says': [
    'ERR_HUB_ANSWER_FORM',
    raw(
      ({ socket }) =>
        void socket!.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"deliveries":[]}',
        ),
    ),
  ],
  'less than it says': [
    'ERR_HUB_UNREACHABLE',
    raw(
      ({ socket }) =>
        void socket!.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"deli',
        ),
    ),
  ],
  'a length of ten gigabytes': [
    'ERR_HUB_ANSWER_SIZE',
    (_, response) =>
      void response.writeHead(200, { ...JSON_TYPE, 'content-length': 10_000_000_000 }).write('{'),
  ],
  'a body without end': [
    'ERR_HUB_ANSWER_SIZE',
    (_, response) => pour(response.writeHead(200, JSON_TYPE), ' '.repeat(65_536)),
  ],
  'headers without end': [
    'ERR_HUB_ANSWER_SIZE',
    raw((response) => {
      const { socket } = response
      socket!.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket!.write('x-more: and more\r\n'.repeat(1_000)), 1)
      response.on('close', () => clearInterval(timer))
    }),
  ],
  'no HTTP': [
    'ERR_HUB_UNREACHABLE',
    raw(({ socket }) => void socket!.end('SSH-2.0-OpenSSH_9.2\r\n')),
  ],
  'a way elsewhere': [
    'ERR_HUB_ANSWER_FORM',
    (_, response) =>
      void response
        .writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/v1/mailbox` })
        .end(),
  ],
  'a page': [
    'ERR_HUB_ANSWER_FORM',
    (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  ],
  'fifty thousand levels': [
    'ERR_HUB_ANSWER_FORM',
    text(`{"deliveries":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
  ],
  'a million deliveries': [
    'ERR_HUB_ANSWER_FORM',
    text(`{"deliveries":[${'0,'.repeat(999_999)}0]}`),
  ],
  'a job of a megabyte': ['ERR_HUB_ANSWER_FORM', text(delivery(randomUUIDv7(), 'x'.repeat(MIB)))],
  'a label that is a path': ['ERR_HUB_ANSWER_FORM', text(delivery('../../etc/passwd', '{}'))],
  'a member twice': ['ERR_HUB_ANSWER_FORM', text('{"deliveries":[],"deliveries":[]}')],
  'a prototype': ['ERR_HUB_ANSWER_FORM', text('{"deliveries":[],"__proto__":{"again":true}}')],
}

describe('a hub that sends a byte now and then', () => {
  it('is given up by the deadline for the whole, and nothing else is asked meanwhile', async () => {
    await target.field.end('pve1')
    await target.field.end('hub')
    hub = await HostileHub.at(target.field.url)
    let heldMs = 0
    hub.answerChallenge = (_, response) => {
      const startedMs = performance.now()
      response.writeHead(200, JSON_TYPE).write('{')
      const timer = setInterval(() => response.write(' '), 1_000)
      response.on('close', () => {
        clearInterval(timer)
        heldMs = performance.now() - startedMs
      })
    }
    await target.field.startAgent('pve1')
    await until(() => heldMs > 0, 'the agent hung up')
    hub.answerChallenge = undefined
    expect(heldMs).toBeGreaterThan(10_000)
    await until(() => codes().includes('ERR_HUB_TIMEOUT'), 'the agent said why')
    expect(hub.pollCount).toBe(0)
    await calm()
  })
})

describe('a hub that sends what it should not', () => {
  it('is hung up on each time, with a code, by an agent that goes on and does not grow', async () => {
    const before = target.memory()
    for (const [what, [code, answering]] of Object.entries(HARM)) {
      const from = codes().length
      hub.answerPoll = answering
      await until(() => codes().slice(from).includes(code), `${what}: ${code}`)
      await calm()
    }
    expect(elsewhere.received).toEqual([])
    expect(hub.mostAtOnce).toBe(1)
    expect(target.memory() - before).toBeLessThan(MAX_GROWTH)
  })

  it('is asked ever more seldom while it does so', async () => {
    await calm()
    hub.answerPoll = text('{"deliveries":[]}')
    const { pollCount } = hub
    await new Promise((done) => setTimeout(done, 4_000))
    expect(hub.pollCount - pollCount).toBeLessThan(20)
    await calm()
  })
})

describe('the command line at a hub that sends what it should not', () => {
  const scope = new AsyncDisposableStack()
  let home: string
  beforeAll(async () => {
    home = scope.use(await temporaryFolder()).path
    const secret = '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n'
    await writeFile(join(home, 'passphrase'), secret, { mode: 0o600 })
    await sallyportJson(['init', '--passphrase-file', join(home, 'passphrase')], { home })
  })
  afterAll(() => scope.disposeAsync())

  const list = (hub: string, env: Record<string, string> = {}) => {
    const passphrase = ['--passphrase-file', join(home, 'passphrase')]
    return sallyport(['agent', 'list', '--hub', hub, '--json', ...passphrase], { home, env })
  }

  it.each(['a bomb of gzip', 'a body without end', 'headers without end'])(
    'ends soon at %s, with the code of it',
    async (what) => {
      const url = `http://127.0.0.1:${await freePort()}`
      await using here = await HostileHub.at(url)
      const [code, answering] = HARM[what]!
      here.answerChallenge = answering
      const startedAt = performance.now()
      const ended = await list(url)
      expect(ended.stdout + ended.stderr).toContain(code)
      expect(ended.code).not.toBe(0)
      expect(performance.now() - startedAt).toBeLessThan(patient(5_000))
      expect(elsewhere.received).toEqual([])
    },
    60_000,
  )

  it('says nothing to a hub whose certificate nobody vouches for, whatever the environment says', async () => {
    const { cert, key } = makeAuthority(home).leaf('DNS:localhost,IP:127.0.0.1')
    const received: string[] = []
    const server = createServer({ cert, key }, (request, response) => {
      received.push(String(request.url))
      response.end()
    })
    const port = await freePort()
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    scope.defer(() => void server.close())
    const ended = await list(`https://localhost:${port}`, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(ended.stdout + ended.stderr).toContain('ERR_HUB_UNREACHABLE')
    expect(received).toEqual([])
  })
})

describe('a hub that has nothing for ever', () => {
  it('keeps a job from its agent, which the operator sees, and gives it up once it is honest again', async () => {
    await hub[Symbol.asyncDispose]()
    await target.field.end('pve1')
    await target.field.startHub()
    const job = target.adding({ input: { key: 'held-back' } })
    const label = await target.operator.submit(target.agent, target.operator.sign(job), job.jobId)
    await target.field.end('hub')
    hub = await HostileHub.at(target.field.url)
    await target.field.startAgent('pve1')
    await calm()
    expect(codes().filter((code) => code === 'ERR_INTERNAL')).toEqual([])

    await hub[Symbol.asyncDispose]()
    await target.field.end('pve1')
    await target.field.startHub()
    expect(await target.operator.hub.showEnvelope(label)).toMatchObject({
      state: 'queued',
      deliveryCount: 0,
    })
    await target.field.startAgent('pve1')
    expect(await target.operator.answerTo(target.agent, label)).toMatchObject({ state: 'done' })
    expect(await target.field.countOf(target.agent, 'held-back')).toBe(1)
    await target.expectUnharmed()
  })
})
