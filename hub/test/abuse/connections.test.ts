// SPDX-License-Identifier: Apache-2.0
/** Connections without a session: the oldest that waits goes, those at work and those that are known stay. */
import { once } from 'node:events'
import { createServer, IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Connections } from '../../src/abuse/connections.ts'
import { LimitCounts } from '../../src/abuse/limit-counts.ts'
import { parseTrustedProxies } from '../../src/abuse/source.ts'

describe('connections on which no session was shown', () => {
  let server: Server
  let clients: Socket[]
  let arrived: Socket[]
  beforeEach(async () => {
    server = createServer()
    clients = []
    arrived = []
    server.on('connection', (socket: Socket) => arrived.push(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    for (const client of clients) client.destroy()
    server.closeAllConnections()
    server.close()
  })

  function watch(
    limits: { strangers: number; strangersPerSource: number },
    proxies: string[] = [],
  ) {
    const counts = new LimitCounts()
    const watched = new Connections({ limits, counts, proxies: parseTrustedProxies(proxies) })
    watched.watch(server)
    return watched
  }

  async function open(localAddress = '127.0.0.1'): Promise<Socket> {
    const { port } = server.address() as AddressInfo
    const client = connect({ port, host: '127.0.0.1', localAddress })
    client.on('error', () => {})
    clients.push(client)
    const [socket] = (await once(server, 'connection')) as [Socket]
    await new Promise((done) => setImmediate(done))
    return socket
  }

  const requestOn = (socket: Socket) => new IncomingMessage(socket)
  const alive = () => arrived.map((socket) => !socket.destroyed)

  it('push out the one of their source that waits longest', async () => {
    watch({ strangers: 100, strangersPerSource: 2 })
    await open()
    await open()
    await open('127.0.0.2')
    await open()
    expect(alive()).toEqual([false, true, true, true])
  })

  it('push out the one that waits longest of all when all are too many', async () => {
    watch({ strangers: 2, strangersPerSource: 100 })
    await open()
    await open('127.0.0.2')
    await open('127.0.0.3')
    expect(alive()).toEqual([false, true, true])
  })

  it('are left alone while they are worked on, and wait as the newest afterwards', async () => {
    const watched = watch({ strangers: 2, strangersPerSource: 100 })
    const first = await open()
    await open()
    watched.began(requestOn(first))
    await open()
    expect(alive()).toEqual([true, false, true])
    watched.ended(requestOn(first))
    await open()
    expect(alive()).toEqual([true, false, false, true])
  })

  it('are refused when all are worked on', async () => {
    const watched = watch({ strangers: 1, strangersPerSource: 100 })
    watched.began(requestOn(await open()))
    await open()
    expect(alive()).toEqual([true, false])
  })

  it('count no more once a session was shown, or once they are closed', async () => {
    const watched = watch({ strangers: 2, strangersPerSource: 2 })
    const first = await open()
    watched.proved(requestOn(first))
    await open()
    expect(watched.strangerCount).toBe(1)
    clients[1]!.destroy()
    await once(arrived[1]!, 'close')
    expect(watched.strangerCount).toBe(0)
    for (let n = 0; n < 4; n += 1) await open()
    expect(watched.strangerCount).toBe(2)
    expect(first.destroyed).toBe(false)
  })

  it('do not count where they come from a proxy that is trusted', async () => {
    watch({ strangers: 1, strangersPerSource: 1 }, ['127.0.0.1'])
    await open()
    await open()
    expect(alive()).toEqual([true, true])
  })
})
