// SPDX-License-Identifier: Apache-2.0
/** Streams of a bound service: read piece by piece, so that the service waits for the plugin. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { openHandle, refusal, startRawService, startService, TOKEN } from './services.ts'

const GET = { method: 'GET', path: '/x' }
const routes = [{ route: 'GET /x' }]

describe('a stream', () => {
  it('comes in pieces of at most 64 KiB and then ends', async () => {
    const whole = Buffer.alloc(300_000, 'abcdefg')
    await using service = await startService((_, response) => void response.end(whole))
    const handle = openHandle(service.binding(), { routes })
    const { status, streamId } = await handle.open(GET)
    expect(status).toBe(200)
    const pieces: Uint8Array[] = []
    for (;;) {
      const piece: Uint8Array | null = await handle.read(streamId)
      if (piece === null) break
      expect(piece.length).toBeLessThanOrEqual(65_536)
      pieces.push(piece)
    }
    expect(Buffer.concat(pieces).equals(whole)).toBe(true)
    expect(await handle.read(streamId)).toBeNull()
    handle.end()
  })

  it('makes the service wait when nobody reads', async () => {
    let sentBytes = 0
    const chunk = Buffer.alloc(65_536, 'x')
    await using service = await startRawService((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const send = (): void => {
        while (socket.write(chunk, () => (sentBytes += chunk.length)));
        socket.once('drain', send)
      }
      send()
    })
    const handle = openHandle(service.binding(), { routes, maxAnswerBytes: 1_073_741_824 })
    const { streamId } = await handle.open(GET)
    let before = -1
    while (before !== sentBytes) {
      before = sentBytes
      await delay(400)
    }
    // What lies in the buffers of the two kernels and of the broker; without a stop it would be hundreds of MiB.
    expect(before).toBeLessThan(16_777_216)
    for (let read = 0; read < before + 8_388_608;) {
      read += ((await handle.read(streamId)) as Uint8Array).length
    }
    expect(sentBytes).toBeGreaterThan(before)
    handle.end()
  })

  it('may last longer than one request', async () => {
    await using service = await startService((_, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 1_500)
    })
    const handle = openHandle(service.binding(), { routes, timeoutMs: 1_000 })
    const { streamId } = await handle.open(GET)
    expect(Buffer.from(await handle.read(streamId)).toString()).toBe('a')
    expect(Buffer.from(await handle.read(streamId)).toString()).toBe('b')
    expect(await handle.read(streamId)).toBeNull()
    handle.end()
  })

  it('must begin within the time of a request', async () => {
    await using service = await startRawService(() => undefined)
    const handle = openHandle(service.binding(), { routes, timeoutMs: 200 })
    expect((await refusal(handle.open(GET))).code).toBe('ERR_LIMIT')
    handle.end()
  })

  it('ends at the approved size', async () => {
    const more = Promise.withResolvers<void>()
    await using service = await startService((_, response) => {
      response.write('x'.repeat(60))
      void more.promise.then(() => response.write('x'.repeat(60)))
    })
    const handle = openHandle(service.binding(), { routes, maxAnswerBytes: 100 })
    const { streamId } = await handle.open(GET)
    expect(await handle.read(streamId)).toHaveLength(60)
    more.resolve()
    expect((await refusal(handle.read(streamId))).code).toBe('ERR_LIMIT')
    expect(await handle.read(streamId)).toBeNull()
    handle.end()
  })

  it('gives away no part of a credential that comes byte by byte', async () => {
    await using service = await startService((_, response) => {
      void (async () => {
        response.write('before ')
        for (const letter of TOKEN) {
          response.write(letter)
          await delay(5)
        }
        response.end()
      })()
    })
    const handle = openHandle(service.binding(), { routes })
    const { streamId } = await handle.open(GET)
    let seen = ''
    const outcome = await refusal(
      (async () => {
        for (;;) {
          const piece: Uint8Array | null = await handle.read(streamId)
          if (piece === null) return
          seen += Buffer.from(piece).toString()
        }
      })(),
    )
    expect(outcome.code).toBe('ERR_ENDPOINT_ANSWER')
    expect(seen).toBe('before ')
    handle.end()
  })

  it('is closed by the plugin, and the connection with it', async () => {
    let isClosed = false
    await using service = await startService((_, response) => {
      response.write('x')
      response.on('close', () => (isClosed = true))
    })
    const handle = openHandle(service.binding(), { routes })
    const { streamId } = await handle.open(GET)
    await handle.read(streamId)
    const pending = handle.read(streamId)
    await handle.close(streamId)
    expect(await pending).toBeNull()
    expect(await handle.read(streamId)).toBeNull()
    while (!isClosed) await delay(10)
    await handle.close(streamId)
    handle.end()
  })

  it.each([0, -1, 1, 1.5, '1', null, {}])('that is none, %p, is not read', async (streamId) => {
    await using service = await startService()
    const handle = openHandle(service.binding(), { routes })
    expect((await refusal(handle.read(streamId))).code).toBe('ERR_ARGUMENT_FORM')
    handle.end()
  })
})

describe('the end of a run', () => {
  it('ends its streams, its requests and its connections', async () => {
    let openCount = 0
    await using service = await startService((_, response) => {
      openCount += 1
      response.on('close', () => (openCount -= 1))
      response.write('x')
    })
    const handle = openHandle(service.binding(), { routes })
    const { streamId } = await handle.open(GET)
    await handle.open(GET)
    await handle.read(streamId)
    const reading = refusal(handle.read(streamId))
    const requesting = refusal(handle.request(GET))
    while (openCount < 3) await delay(10)
    handle.end()
    expect((await reading).code).not.toBe('ERR_HANDLE_FAILED')
    expect((await requesting).code).toBe('ERR_RUN_OVER')
    while (openCount > 0) await delay(10)
    expect((await refusal(handle.open(GET))).code).toBe('ERR_RUN_OVER')
  })
})

describe('the number of open streams', () => {
  it('is bounded for each plugin, over all its runs', async () => {
    await using service = await startService((_, response) => void response.write('x'))
    const first = openHandle(service.binding(), { routes })
    const second = openHandle(service.binding(), { routes })
    const foreign = openHandle(service.binding(), { routes }, { pluginName: 'other' })
    for (let count = 0; count < 4; count += 1) await first.open(GET)
    for (let count = 0; count < 4; count += 1) await second.open(GET)
    expect((await refusal(second.open(GET))).code).toBe('ERR_LIMIT')
    expect(await foreign.open(GET)).toMatchObject({ status: 200 })
    first.end()
    expect(await second.open(GET)).toMatchObject({ status: 200 })
    second.end()
    foreign.end()
  })

  it('counts none that did not begin', async () => {
    await using service = await startService()
    const url = service.url
    await service[Symbol.asyncDispose]()
    const handle = openHandle(service.binding({ url }), { routes })
    for (let count = 0; count < 20; count += 1) {
      expect((await refusal(handle.open(GET))).code).toBe('ERR_ENDPOINT_UNREACHABLE')
    }
    handle.end()
  })
})
