// SPDX-License-Identifier: Apache-2.0
/** Who is sent away while the hub is behind. */
import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fastify } from 'fastify'
import { Newcomers, watchNewcomers } from '../../src/http/newcomers.ts'
import { OwnHub } from '../support/own-hub.ts'
import { anyone, temporaryFolder } from '../support/site.ts'

/** What so many newcomers are told who are looked at in this moment. */
function crowd(newcomers: Newcomers, count: number, atMs: number): (number | undefined)[] {
  return Array.from({ length: count }, () => newcomers.retryAfterMs(atMs))
}

describe('newcomers', () => {
  it('are all taken while the hub is on time', () => {
    expect(crowd(new Newcomers(0), 5_000, 300).every((told) => told === undefined)).toBe(true)
  })

  it('are taken when they are few, however far the hub is behind', () => {
    expect(crowd(new Newcomers(0), 99, 60_000).every((told) => told === undefined)).toBe(true)
  })

  it('are sent away when they are many and the hub is behind, each for longer than the one before', () => {
    const told = crowd(new Newcomers(0), 5_000, 1_250)
    expect(told.slice(0, 99).every((one) => one === undefined)).toBe(true)
    expect(told[99]).toBe(5_005)
    expect(told[199]).toBe(5_505)
    expect(told.at(-1)).toBe(20_000)
  })

  it('are taken again after the next look', () => {
    const newcomers = new Newcomers(0)
    crowd(newcomers, 200, 2_000)
    newcomers.look(2_010)
    expect(newcomers.retryAfterMs(2_300)).toBeUndefined()
  })

  it('are told more for as long as they come, and little again after a look at which none had come', () => {
    const newcomers = new Newcomers(0)
    crowd(newcomers, 1_099, 2_000)
    newcomers.look(2_010)
    expect(crowd(newcomers, 100, 4_000).at(-1)).toBe(10_005)
    newcomers.look(4_010)
    newcomers.look(4_260)
    expect(crowd(newcomers, 100, 6_000).at(-1)).toBe(5_005)
  })
})

/** So many who are served from this moment on; to be called once they are. */
function serve(newcomers: Newcomers, count: number, atMs: number): () => Promise<void> {
  const gate = Promise.withResolvers<void>()
  const served = Array.from({ length: count }, () => newcomers.serve(atMs, () => gate.promise))
  return async () => {
    gate.resolve()
    await Promise.all(served)
  }
}

describe('newcomers behind others who are served', () => {
  it('are sent away while many are served and the first has waited for a second', async () => {
    const newcomers = new Newcomers(0)
    const end = serve(newcomers, 100, 100)
    expect(newcomers.retryAfterMs(1_099)).toBeUndefined()
    expect(newcomers.retryAfterMs(1_100)).toBe(5_005)
    expect(newcomers.retryAfterMs(1_100)).toBe(5_010)
    await end()
    expect(newcomers.retryAfterMs(1_100)).toBeUndefined()
  })

  it('are taken while few are served, however long it takes', async () => {
    const newcomers = new Newcomers(0)
    const end = serve(newcomers, 99, 0)
    newcomers.look(60_000)
    expect(newcomers.retryAfterMs(60_000)).toBeUndefined()
    await end()
  })

  it('are taken once one who failed is served no longer', async () => {
    const newcomers = new Newcomers(0)
    const end = serve(newcomers, 99, 0)
    const failed = newcomers.serve(0, () => Promise.reject(new Error('no store')))
    newcomers.look(2_000)
    expect(newcomers.retryAfterMs(2_000)).toBe(5_005)
    await expect(failed).rejects.toThrow('no store')
    expect(newcomers.retryAfterMs(2_000)).toBeUndefined()
    await end()
  })
})

describe('a server whose store keeps newcomers waiting', () => {
  it('sends away who comes after them, also when those have long hung up', async () => {
    const gate = Promise.withResolvers<void>()
    await using app = fastify()
    watchNewcomers(app)
    const options = { url: '/v1/sessions', method: 'POST', handlerTimeout: 50 } as const
    app.route({ ...options, handler: () => gate.promise })
    app.get('/v1/sessions/challenges', async () => 'served')
    await app.ready()
    const ask = async () => (await app.inject({ url: '/v1/sessions/challenges' })).statusCode
    const waiting = Array.from({ length: 100 }, () => app.inject(options))
    const statuses = (await Promise.all(waiting)).map((answer) => answer.statusCode)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(await ask()).toBe(200)
    await sleep(1_100)
    expect(await ask()).not.toBe(200)
    gate.resolve()
    await sleep(50)
    expect(await ask()).toBe(200)
  })
})

describe('a server that is behind', () => {
  it('sends away who begins a session or comes back, and nobody else', async () => {
    const paths = ['/v1/sessions/challenges', '/v1/mailbox?waitSeconds=50&again=true']
    const others = ['/health', '/v1/mailbox?waitSeconds=50', '/v1/sessions/challenges/again=true']
    await using app = fastify()
    watchNewcomers(app)
    app.get('/*', async () => 'served')
    await app.ready()
    const blockedUntil = performance.now() + 1_400
    while (performance.now() < blockedUntil);
    const urls = [...paths, ...others].flatMap((url) => Array<string>(120).fill(url))
    const answers = await Promise.all(urls.map((url) => app.inject({ url })))
    const sentAway = urls.filter((_, at) => answers[at]!.statusCode !== 200)
    expect(sentAway.length).toBeGreaterThan(120)
    expect(sentAway.filter((url) => !paths.includes(url))).toEqual([])
  })
})

/** Stands still for so long at the next bytes that come to it, before anything that comes after them is read. */
async function standStillMs(ms: number, scope: AsyncDisposableStack): Promise<Socket> {
  const listening = createServer((socket) => {
    socket.on('data', () => {
      const until = performance.now() + ms
      while (performance.now() < until);
    })
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const socket = connect((listening.address() as AddressInfo).port, '127.0.0.1')
  scope.defer(() => void (socket.destroy(), listening.close()))
  await once(socket, 'connect')
  return socket
}

async function allOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const bytes of socket) text += String(bytes)
  return text
}

describe('a hub that is behind', () => {
  it('tells most of those who all begin a session at once when to come again', async () => {
    await using scope = new AsyncDisposableStack()
    const { url } = await OwnHub.open(await temporaryFolder(scope), scope)
    const body = JSON.stringify({ keyId: anyone().signing.keyId })
    const head = `POST /v1/sessions/challenges HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n`
    const rest = `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    const sockets = Array.from({ length: 180 }, () => connect(Number(new URL(url).port)))
    const still = await standStillMs(1_400, scope)
    await sleep(300)
    still.write('x')
    for (const socket of sockets) socket.write(head + rest)
    const answers = await Promise.all(sockets.map(allOf))
    const told = answers.filter((answer) => /^HTTP\/1.1 503 .*ERR_BUSY/s.test(answer))
    expect(told.length).toBeGreaterThan(40)
    expect(told.every((answer) => /\r\nretry-after: \d+\r\n/.test(answer))).toBe(true)
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 ')).length).toBe(
      answers.length - told.length,
    )
  })
})
