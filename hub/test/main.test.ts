// SPDX-License-Identifier: Apache-2.0
/** The hub as a process: starts, is killed, starts again, goes when told to. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUIDv7 } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { instantOf } from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import type { Identity } from '@sallyport/core/crypto'
import { compiledProgram } from '../../test/support/compiled-programs.ts'
import { freshStores, storeArgs } from '../../test/support/hub-stores.ts'
import { patient } from '../../test/support/patience.ts'
import { TestRedis } from '../../test/support/redis.ts'
import { anyone, makeCode, redemption, siteFileOf, temporaryFolder } from './support/site.ts'

let main: string
beforeAll(async () => {
  main = await compiledProgram('hub')
})

const SLOW = 30_000
const clock = { now: () => Date.now() }

interface Program {
  readonly child: ChildProcess
  readonly url: string
  readonly errors: () => string
}

describe('the hub as a process', () => {
  let scope: AsyncDisposableStack
  let home: string
  let operator: Identity
  let place: string[]
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    home = await temporaryFolder(scope)
    operator = anyone('ops-1')
    place = storeArgs(await freshStores(scope), join(home, 'hub'))
    await mkdir(join(home, 'operator'))
    await writeFile(join(home, 'operator', 'site.json'), siteFileOf(randomUUIDv7(), operator))
  })
  afterEach(() => scope.disposeAsync())

  const run = (args: readonly string[]): ChildProcess => {
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
    const child = spawn(
      process.execPath,
      ['--conditions=@sallyport/source', main, ...place, ...args],
      {
        env: { PATH, NODE_COMPILE_CACHE, SALLYPORT_HOME: home },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    scope.defer(() => void child.kill('SIGKILL'))
    return child
  }
  const start = async (args: readonly string[] = ['--port', '0']): Promise<Program> => {
    const child = run(args)
    const errors = collect(child, 'stderr')
    const line = await firstLine(child)
    const ready = JSON.parse(line) as { event: string; url: string }
    expect(ready.event).toBe('hub.started')
    return { child, url: ready.url, errors }
  }
  const connect = (url: string, identity: Identity): HubClient =>
    scope.use(openHubClient({ url, key: identity.signing, clock }))

  const enrol = async (client: HubClient, url: string) => {
    const agentId = randomUUIDv7()
    const identity = anyone('pve1')
    const code = makeCode(operator)
    const expiresAt = instantOf(Date.now() + 60_000)
    const { redeemHash, redeemToken } = code
    await client.addCode({ agentId, redeemHash, sealedEnrolment: 'sealed', expiresAt })
    await connect(url, identity).redeemCode(redemption(redeemToken, identity))
    return { agentId, identity }
  }
  const submit = async (client: HubClient, agentId: string, sealed: string) => {
    const envelopeId = randomUUIDv7()
    const expiresAt = instantOf(Date.now() + 60_000)
    await client.submitEnvelope({ envelopeId, agentId, sealed, expiresAt })
    return envelopeId
  }

  it(
    'loses nothing that it acknowledged when it is killed',
    async () => {
      const first = await start()
      const client = connect(first.url, operator)
      const { agentId, identity } = await enrol(client, first.url)
      const kept: string[] = []
      const flood = Array.from({ length: 8 }, async () => {
        for (;;) kept.push(await submit(client, agentId, 'sealed job'))
      })
      while (kept.length < 20) await new Promise((done) => setTimeout(done, 5))
      first.child.kill('SIGKILL')
      await Promise.allSettled(flood)

      const second = await start()
      const agent = connect(second.url, identity)
      const delivered: string[] = []
      for (;;) {
        const deliveries = await agent.takeDeliveries({ waitSeconds: 0 })
        if (deliveries.length === 0) break
        delivered.push(...deliveries.map((delivery) => delivery.envelopeId))
      }
      expect(new Set(delivered).size).toBe(delivered.length)
      expect(kept.filter((id) => !delivered.includes(id))).toEqual([])
    },
    SLOW,
  )

  it(
    'keeps leases and answers when it is killed',
    async () => {
      const first = await start()
      const client = connect(first.url, operator)
      const { agentId, identity } = await enrol(client, first.url)
      const [answered, leased] = [
        await submit(client, agentId, 'one'),
        await submit(client, agentId, 'two'),
      ]
      const agent = connect(first.url, identity)
      expect(await agent.takeDeliveries({ waitSeconds: 0 })).toHaveLength(2)
      await agent.answerEnvelope(answered, 'done')
      await kill(first.child, 'SIGKILL')

      const second = await start()
      const again = connect(second.url, identity)
      expect(await again.takeDeliveries({ waitSeconds: 0 })).toEqual([])
      await again.answerEnvelope(answered, 'done')
      await again.answerEnvelope(leased, 'done too')
      const { envelopes } = await connect(second.url, operator).listEnvelopes()
      expect(envelopes.map((envelope) => envelope.state)).toEqual(['answered', 'answered'])
    },
    SLOW,
  )

  it(
    'answers a held poll and is gone within two seconds of SIGTERM, with code 0',
    async () => {
      const program = await start()
      const { identity } = await enrol(connect(program.url, operator), program.url)
      const agent = connect(program.url, identity)
      await agent.takeDeliveries({ waitSeconds: 0 })
      const poll = agent.takeDeliveries({ waitSeconds: 50 })
      await new Promise((done) => setTimeout(done, 300))
      const startedAt = performance.now()
      expect(await kill(program.child, 'SIGTERM')).toBe(0)
      expect(performance.now() - startedAt).toBeLessThan(patient(2_000))
      expect(await poll).toEqual([])
    },
    SLOW,
  )

  it(
    'writes its log as JSON, without sealed text and without tokens',
    async () => {
      const program = await start(['--port', '0', '--log-level', 'debug'])
      const client = connect(program.url, operator)
      const { agentId, identity } = await enrol(client, program.url)
      const id = await submit(client, agentId, 'CANARY-sealed-job')
      const agent = connect(program.url, identity)
      await agent.takeDeliveries({ waitSeconds: 0 })
      await agent.answerEnvelope(id, 'CANARY-sealed-result')
      await kill(program.child, 'SIGTERM')
      const lines = program.errors().trim().split('\n')
      const parsed = lines.map((line) => JSON.parse(line) as { event: string })
      const events = parsed.map(({ event }) => event)
      expect(events).toEqual(
        expect.arrayContaining(['hub.started', 'session.opened', 'envelope.answered']),
      )
      expect(program.errors()).not.toMatch(/CANARY|DPoP|eyJ/)
      const ofEnvelope = parsed.filter(
        (line) => 'correlationId' in line && line.correlationId === id,
      )
      expect(ofEnvelope.map(({ event }) => event)).toEqual(
        expect.arrayContaining([
          'envelope.submitted',
          'envelope.delivered',
          'envelope.answered',
          'request.answered',
        ]),
      )
    },
    SLOW,
  )

  it(
    'says by itself that a part of it is away',
    async () => {
      await using redis = await TestRedis.start()
      const program = await start(['--port', '0', '--redis', redis.url])
      await redis.kill()
      const said = (): boolean => /"part":"redis".*"event":"part.changed"/.test(program.errors())
      while (!said()) await new Promise((done) => setTimeout(done, 100))
    },
    SLOW,
  )

  it(
    'says in one line why it does not start',
    async () => {
      await using taken = await listener()
      const cases = [
        [['--port', 'x'], 2, 'ERR_USAGE'],
        [['--nonsense'], 2, 'ERR_USAGE'],
        [['--port', '0', '--site', join(home, 'none.json')], 1, 'ERR_SITE_FILE'],
        [['--port', '0', '--host', '0.0.0.0'], 1, 'ERR_PUBLIC_URL'],
        [['--port', '0', '--home', join(home, 'empty')], 1, 'ERR_NO_SITE'],
        [['--port', String(taken.port)], 1, 'ERR_PORT_TAKEN'],
      ] as const
      for (const [args, exit, code] of cases) {
        const child = run(args)
        const errors = collect(child, 'stderr')
        const status = await new Promise((done) => child.once('close', done))
        const last = errors().trim().split('\n').at(-1) ?? ''
        expect({ args, status, ...(JSON.parse(last) as object) }).toMatchObject({
          status: exit,
          event: 'hub.failed',
          code,
        })
      }
    },
    SLOW,
  )
})

/** Something else that listens. */
async function listener(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr'): () => string {
  let text = ''
  child[from]?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

function firstLine(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const output = collect(child, 'stdout')
  child.stdout?.on('data', () => {
    if (output().includes('\n')) resolve(output().split('\n', 1)[0] ?? '')
  })
  child.once('exit', (code) => reject(new Error(`the hub ended with ${code}`)))
  return promise
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const gone = new Promise<number | null>((done) => child.once('close', done))
  child.kill(signal)
  return gone
}
