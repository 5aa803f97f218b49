// SPDX-License-Identifier: Apache-2.0
/** Connections of plugins that have no network, to real services, through the real sandbox. */
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Binding } from '../../../src/plugins/bindings/binding.ts'
import type { ProcessLimits } from '../../../src/plugins/sandbox/limits.ts'
import { codeOf, hostForTest, pluginOf, temporaryFolder, type HostForTest } from '../support.ts'
import { descriptorCount, packetsOf, sandboxedPid } from './sandbox-process.ts'
import { startService } from './service.ts'
import { until } from '../../../../test/support/until.ts'

const permissions = { service: { kind: 'connect', binding: 'service' } } as const

function hostWith(binding: Binding, limits: Partial<ProcessLimits> = {}): Promise<HostForTest> {
  return hostForTest({ bindings: { find: () => binding }, limits })
}

function jobOf(body: string, timeoutMs = 20_000) {
  return pluginOf({ top: TOP, jobs: { try: { permissions, body, limits: { timeoutMs } } } })
}

/** Reads until there are so many characters, or the end. */
const TOP = `
const kept = []
const read = async (socket, length) => {
  let text = ''
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    text += bytes
    if (text.length >= length) break
  }
  return text
}
const codeOf = (promise) => promise.then(() => 'ok', (error) => error.code)
const closed = (socket) => new Promise((resolve) => socket.destroyed ? resolve() : socket.once('close', resolve))
`

const ECHO = `
  const socket = await use.service.open()
  socket.write('ping')
  const text = await read(socket, 10)
  socket.end()
  return { text }`

describe('a plugin with the permission to connect', () => {
  it('talks to a TCP service, and no packet passes the network of its sandbox', async () => {
    await using service = await startService((socket) => {
      socket.write('hello ')
      socket.pipe(socket)
    })
    await using host = await hostWith(service.binding)
    const outcome = await host.run(jobOf(ECHO), 'try')
    expect(outcome).toMatchObject({
      state: 'done',
      output: { text: 'hello ping' },
      events: [{ kind: 'connect', method: 'open', target: 'service', outcome: 'ok' }],
    })
    expect(packetsOf(sandboxedPid())).toEqual({ names: ['lo'], packetCount: 0 })
    await until(() => service.open.size === 0)
  })

  it('talks to a service on a Unix socket', async () => {
    await using folder = await temporaryFolder()
    await using service = await startService(
      (socket) => {
        socket.write('hello ')
        socket.pipe(socket)
      },
      join(folder.path, 'service'),
    )
    await using host = await hostWith(service.binding)
    const outcome = await host.run(jobOf(ECHO), 'try')
    expect(outcome).toMatchObject({ state: 'done', output: { text: 'hello ping' } })
  })

  it('hears the answer to what it said after it has ended its own side', async () => {
    await using service = await startService((socket) => {
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('end', () => socket.end(`${Buffer.concat(chunks).length} bytes`))
    })
    await using host = await hostWith(service.binding)
    const body = `
      const socket = await use.service.open()
      socket.end(Buffer.alloc(3_000_000))
      return { text: await read(socket, 20) }`
    expect(await host.run(jobOf(body), 'try')).toMatchObject({ output: { text: '3000000 bytes' } })
  })

  it('learns that nobody answers, by the name and not by the address', async () => {
    const service = await startService((socket) => socket.resume())
    await service[Symbol.asyncDispose]()
    await using host = await hostWith(service.binding)
    const outcome = await host.run(jobOf('await use.service.open()'), 'try')
    expect(codeOf(outcome)).toBe('ERR_CONNECT_FAILED')
    expect(JSON.stringify(outcome)).toContain('\\"service\\"')
    expect(JSON.stringify(outcome)).not.toContain(String(service.port))
    expect(outcome.events).toMatchObject([{ outcome: 'failed', code: 'ERR_CONNECT_FAILED' }])
  })

  it('is refused before it starts when nothing is bound to the name', async () => {
    await using host = await hostForTest()
    expect(codeOf(await host.run(jobOf(ECHO), 'try'))).toBe('not_bound')
  })

  it('cannot use a socket it has kept once its run is over', async () => {
    let heard = ''
    await using service = await startService((socket) => {
      socket.on('data', (bytes) => (heard += bytes.toString()))
    })
    await using host = await hostWith(service.binding)
    const plugin = pluginOf({
      top: TOP,
      jobs: {
        keep: {
          permissions,
          body: `const socket = await use.service.open()
            socket.on('error', () => undefined)
            kept.push(socket)
            socket.write('in time')
            while (true) if (socket.bytesWritten === 7 && !socket.writableLength) break
            return {}`,
        },
        use: {
          body: `const [socket] = kept
            socket.write('too late')
            await closed(socket)
            return { isDestroyed: socket.destroyed }`,
        },
      },
    })
    expect(codeOf(await host.run(plugin, 'keep'))).toBe('done')
    await until(() => service.open.size === 0)
    expect(await host.run(plugin, 'use')).toMatchObject({ output: { isDestroyed: true } })
    expect(heard.replace('in time', '')).toBe('')
  })

  it('loses its connections at once when its run is cancelled', async () => {
    await using service = await startService((socket) => socket.resume())
    await using host = await hostWith(service.binding, { graceMs: 8_000 })
    const cancel = new AbortController()
    const body = `
      const socket = await use.service.open()
      progress('open')
      await closed(socket)
      for (;;) await new Promise((resolve) => setTimeout(resolve, 50))`
    const run = host.run(
      jobOf(body),
      'try',
      {},
      {
        signal: cancel.signal,
        onProgress: () => cancel.abort(),
      },
    )
    let isOver = false
    void run.then(() => (isOver = true))
    await until(() => service.count() === 1)
    await until(() => service.open.size === 0)
    expect(isOver).toBe(false)
    expect(codeOf(await run)).toBe('ERR_RUN_CANCELLED')
  })

  it('has a few connections open at the same time and no more', async () => {
    await using service = await startService((socket) =>
      socket.on('end', () => socket.end()).resume(),
    )
    await using host = await hostWith(service.binding)
    const body = `
      const sockets = []
      for (let count = 0; count < 8; count += 1) sockets.push(await use.service.open())
      const ninth = await codeOf(use.service.open())
      sockets[0].destroy()
      let next
      do next = await codeOf(use.service.open()); while (next === 'ERR_LIMIT')
      return { ninth, next }`
    expect(await host.run(jobOf(body), 'try')).toMatchObject({
      output: { ninth: 'ERR_LIMIT', next: 'ok' },
    })
    await until(() => service.open.size === 0)
  })
})

describe('the agent', () => {
  it('holds no descriptor after 1000 connections of one run, used or not', async () => {
    await using service = await startService((socket) => {
      socket.on('end', () => socket.end()).resume()
      socket.write('x')
    })
    await using host = await hostWith(service.binding)
    const body = `
      let count = 0
      let limited = 0
      while (count < input.count) {
        try {
          const socket = await use.service.open()
          count += 1
          if (count % 2) await read(socket, 1)
          socket.destroy()
        } catch (error) {
          if (error.code !== 'ERR_LIMIT') throw error
          limited += 1
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      }
      return { count }`
    const plugin = jobOf(body, 60_000)
    await host.run(plugin, 'try', { count: 8 })
    await until(() => service.open.size === 0)
    const before = descriptorCount()
    const outcome = await host.run(plugin, 'try', { count: 1_000 })
    expect(outcome).toMatchObject({ state: 'done', output: { count: 1_000 } })
    await until(() => service.open.size === 0)
    await until(() => descriptorCount() <= before)
    expect(service.count()).toBe(1_008)
  }, 120_000)

  it('holds no descriptor after hundreds of runs that left their connections open', async () => {
    await using service = await startService((socket) => socket.resume().write('x'))
    await using host = await hostWith(service.binding)
    const plugin = jobOf(`kept.push(await use.service.open(), await use.service.open())
      kept.forEach((socket) => socket.on('error', () => undefined))
      return {}`)
    for (let run = 0; run < 10; run += 1) await host.run(plugin, 'try')
    await until(() => service.open.size === 0)
    const before = descriptorCount()
    for (let run = 0; run < 300; run += 1) {
      expect(codeOf(await host.run(plugin, 'try'))).toBe('done')
    }
    await until(() => service.open.size === 0)
    await until(() => descriptorCount() <= before)
    expect(service.count()).toBe(620)
  }, 120_000)

  it.each([
    ['never acknowledges a descriptor', "process.removeAllListeners('internalMessage')"],
    [
      'turns every descriptor down',
      `process.removeAllListeners('internalMessage')
       process.on('internalMessage', (message, handle) => {
         handle?.close()
         process._send({ cmd: 'NODE_HANDLE_NACK' }, null, true)
       })`,
    ],
  ])(
    'holds no descriptor for a plugin that %s',
    async (_, hostile) => {
      await using service = await startService((socket) => socket.resume())
      const before = descriptorCount()
      {
        await using host = await hostWith(service.binding)
        const body = `${hostile}
        await Promise.all(Array.from({ length: 8 }, () => codeOf(use.service.open())))
        await new Promise(() => undefined)`
        const ended = await host.run(jobOf(body, 1_500), 'try')
        expect(ended.state).toBe('failed')
        expect(service.count()).toBeGreaterThan(0)
        await until(() => service.open.size === 0)
        await until(() => descriptorCount() <= before + 8) // The process's own pipes may still be there.
        const next = await host.run(jobOf(ECHO.replace('10', '0'), 5_000), 'try')
        expect(['done', 'ERR_PLUGIN_CRASHED', 'ERR_RUN_TIMEOUT']).toContain(codeOf(next))
      }
      await until(() => descriptorCount() <= before)
    },
    120_000,
  )

  it('lets a service wait when the plugin does not read, and keeps little of it', async () => {
    let sentBytes = 0
    await using service = await startService((socket) => {
      const more = (): void => {
        while (socket.write(Buffer.alloc(65_536))) sentBytes += 65_536
        sentBytes += 65_536
      }
      socket.on('drain', more)
      more()
    })
    await using host = await hostWith(service.binding)
    const body = `const socket = await use.service.open()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return {}`
    expect(codeOf(await host.run(jobOf(body), 'try'))).toBe('done')
    expect(sentBytes).toBeLessThan(16_000_000)
  })
})
