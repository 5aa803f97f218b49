// SPDX-License-Identifier: Apache-2.0
/** The bounds of relayed connections, without a sandbox. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Connections, type Target } from '../../../../src/plugins/broker/relay/connections.ts'
import { RELAY_LIMITS, type RelayLimits } from '../../../../src/plugins/broker/relay/limits.ts'
import { Seats } from '../../../../src/plugins/broker/relay/seats.ts'
import { openStreamPair } from '../../../../src/plugins/broker/relay/stream-pair.ts'
import { temporaryFolder, type TemporaryFolder } from '../../support.ts'
import { descriptorCount } from '../sandbox-process.ts'
import { startService } from '../service.ts'
import { settingOf } from '../setting.ts'

const never = new AbortController().signal
let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

function connectionsWith(limits: Partial<RelayLimits>, over: AbortSignal = never): Connections {
  const setting = settingOf({ stateDirectory: folder.path, over })
  return new Connections(setting, { ...RELAY_LIMITS, ...limits })
}

async function closed(socket: Socket): Promise<number> {
  let count = 0
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => (count += bytes.length))
  await new Promise((resolve) => socket.once('close', resolve).resume())
  return count
}

/** A service that is stopped and whose queue is full, so that connecting to it takes for ever. */
async function silentService(): Promise<AsyncDisposable & { target: Target }> {
  const program = `require('node:net').createServer().listen(0, '127.0.0.1', 1, function () {
    process.stdout.write(String(this.address().port)) })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(text.toString())
  child.kill('SIGSTOP')
  const queued = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'))
  for (const socket of queued) socket.on('error', () => undefined)
  await after(100)
  return {
    target: { name: 'service', address: { host: '127.0.0.1', port } },
    async [Symbol.asyncDispose]() {
      for (const socket of queued) socket.destroy()
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

describe('a relayed connection', () => {
  it('ends when a service sends more than it may', async () => {
    await using service = await startService((socket) =>
      socket.resume().write(Buffer.alloc(50_000)),
    )
    const target = { name: 'service', address: service.binding.address }
    const socket = await connectionsWith({ maxBytes: 10_000 }).open(target, never)
    expect(await closed(socket)).toBeLessThanOrEqual(10_000)
  })

  it('ends when a plugin sends more than it may', async () => {
    let heard = 0
    await using service = await startService((socket) =>
      socket.on('data', (bytes) => (heard += bytes.length)),
    )
    const target = { name: 'service', address: service.binding.address }
    const socket = await connectionsWith({ maxBytes: 10_000 }).open(target, never)
    socket.write(Buffer.alloc(50_000))
    await closed(socket)
    expect(heard).toBeLessThanOrEqual(10_000)
  })

  it('is given up when nobody answers in time', async () => {
    await using silent = await silentService()
    const before = descriptorCount()
    const opened = connectionsWith({ connectMs: 200 }).open(silent.target, never)
    await expect(opened).rejects.toThrow('no answer in 200 ms')
    expect(descriptorCount()).toBe(before)
  })

  it('is given up when the run ends before it stands, and not begun when it is over', async () => {
    await using silent = await silentService()
    const before = descriptorCount()
    const over = new AbortController()
    const opened = connectionsWith({}, over.signal).open(silent.target, never)
    over.abort(new Error('over'))
    await expect(opened).rejects.toThrow('over')
    await expect(connectionsWith({}, over.signal).open(silent.target, never)).rejects.toThrow(
      'over',
    )
    expect(descriptorCount()).toBe(before)
  })

  it('is one of a bounded number, however short each of them is', async () => {
    await using service = await startService((socket) => socket.end())
    const connections = connectionsWith({ maxPerHandle: 3 })
    const target = { name: 'service', address: service.binding.address }
    for (let count = 0; count < 3; count += 1) {
      const socket = await connections.open(target, never)
      socket.destroy()
    }
    await expect(connections.open(target, never)).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('is closed on all sides when the run is over', async () => {
    await using service = await startService((socket) => socket.resume())
    const before = descriptorCount()
    const over = new AbortController()
    const target = { name: 'service', address: service.binding.address }
    const socket = await connectionsWith({}, over.signal).open(target, never)
    over.abort()
    await closed(socket)
    for (let wait = 0; wait < 100 && service.open.size > 0; wait += 1) await after(10)
    expect([service.open.size, descriptorCount()]).toEqual([0, before])
  })
})

describe('seats', () => {
  it('are bounded for one plugin and for all', () => {
    const seats = new Seats({ max: 3, maxPerPlugin: 2 })
    const leave = seats.take('one')
    seats.take('one')
    expect(() => seats.take('one')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    seats.take('two')
    expect(() => seats.take('three')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    leave()
    expect(() => seats.take('three')).not.toThrow()
  })
})

describe('a pair of local sockets', () => {
  it('is connected, and leaves nothing behind in its folder', async () => {
    const before = descriptorCount()
    const { near, far } = await openStreamPair(folder.path)
    near.end('hello')
    await after(50)
    expect(far.bytesRead).toBe(0) // What is read here would be lost to whoever gets it.
    const heard: Buffer[] = []
    for await (const bytes of far.resume()) heard.push(bytes as Buffer)
    expect(Buffer.concat(heard).toString()).toBe('hello')
    near.destroy()
    expect(await readdir(join(folder.path, 'relay'))).toEqual([])
    await after(20)
    expect(descriptorCount()).toBe(before)
  })

  it('is made in a state directory of any length', async () => {
    const deep = join(folder.path, 'x'.repeat(120), 'y'.repeat(120))
    await mkdir(deep, { recursive: true })
    const { near, far } = await openStreamPair(deep)
    near.destroy()
    far.destroy()
  })

  it('is not made in a folder that others may enter, or that is a link', async () => {
    const path = join(folder.path, 'relay')
    await mkdir(path)
    await chmod(path, 0o755)
    await expect(openStreamPair(folder.path)).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' })
    await rm(path, { recursive: true })
    await mkdir(join(folder.path, 'elsewhere'), { mode: 0o700 })
    await symlink(join(folder.path, 'elsewhere'), path)
    await expect(openStreamPair(folder.path)).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' })
  })
})
