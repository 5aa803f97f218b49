// SPDX-License-Identifier: Apache-2.0
/** More plugins that mean harm, in real sandboxes, each with what it was after still whole. */
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { dirname, join } from 'node:path'
import type { Permissions } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'
import type { RunOutcome } from '../../src/plugins/ports.ts'
import { descendantsOf, statusField } from '../../src/plugins/sandbox/process-tree.ts'
import { patient } from '../../../test/support/patience.ts'
import { until } from '../../../test/support/until.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest } from './support.ts'

const DENIED = { code: 'ERR_ACCESS_DENIED' }

const TOP = `import fs from 'node:fs'
import net from 'node:net'
import dgram from 'node:dgram'
const never = new Promise(() => {})
const caught = async (attempt) => { try { return { got: String(await attempt()) } } catch (error) { return { code: error.code ?? error.message } } }
`

const STATE: Permissions = { own: { kind: 'state', maxBytes: 100_000 } }

let test: HostForTest

beforeAll(async () => {
  test = await hostForTest({ backOff: new CrashBackOff({ firstMs: 0, longestMs: 0 }) })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

interface Attack {
  readonly body: string
  readonly input?: unknown
  readonly name?: string
  readonly timeoutMs?: number
  readonly permissions?: Permissions
}

function attack(attack: Attack): Promise<RunOutcome> {
  const { body, input = {}, name = 'hostile', timeoutMs = 10_000, permissions = {} } = attack
  const jobs = { attack: { body, permissions, limits: { timeoutMs } } }
  return test.run(pluginOf({ name, top: TOP, jobs }), 'attack', input)
}

describe('a plugin that wants files', () => {
  it('reads neither the keys of the agent, nor the state of another plugin, nor its processes', async () => {
    const key = join(test.stateDirectory, 'agent.key')
    const other = join(test.stateDirectory, 'plugin-state', 'other', 'state')
    await writeFile(key, 'canary')
    await mkdir(dirname(other), { recursive: true })
    await writeFile(other, 'canary')
    const proc = ['environ', 'mem', 'maps', 'fd/0', 'root/etc/passwd', 'cwd/etc/passwd']
    const paths = [
      key,
      other,
      ...[1, 2, process.pid].flatMap((pid) => proc.map((file) => `/proc/${pid}/${file}`)),
    ]
    const body = `const results = []
      for (const path of input.paths) {
        results.push(await caught(() => fs.readFileSync(path)), await caught(() => fs.readdirSync(path)),
          await caught(() => fs.writeFileSync(path, 'x')), await caught(() => fs.readlinkSync(path)))
      }
      return results`
    const outcome = await attack({ body, input: { paths } })
    expect(outcome).toMatchObject({ output: paths.flatMap(() => [DENIED, DENIED, DENIED, DENIED]) })
  })

  it('finds no module of the host, by name, by path or by address', async () => {
    const zod = import.meta.resolve('zod')
    const body = `const { createRequire } = await import('node:module')
      return Promise.all([
        caught(() => import('zod')), caught(() => import('@sallyport/sdk')), caught(() => import(input.zod)),
        caught(() => createRequire('file:///work/x.js')('zod')), caught(() => createRequire(input.zod)('zod')),
        caught(() => import('https://127.0.0.1/x.mjs')),
      ])`
    const outcome = await attack({ body, input: { zod } })
    expect(outcome).toMatchObject({ state: 'done' })
    expect(JSON.stringify(outcome)).not.toContain('"got"')
  })
})

describe('a plugin that wants the network', () => {
  it('reaches no listener of the host by UDP or by the socket of the agent, and listens nowhere', async () => {
    const heard: string[] = []
    const udp = createSocket('udp4', (bytes) => heard.push(String(bytes)))
    await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done))
    const local = join(test.stateDirectory, 'agent.sock')
    const server = createServer((socket) => {
      heard.push('connected')
      socket.destroy()
    })
    await new Promise<void>((done) => server.listen(local, done))
    try {
      const body = `const dns = await import('node:dns')
        const on = (thing, event) => new Promise((resolve, reject) => thing.on('error', reject).on(event, resolve))
        return Promise.all([
          caught(() => new Promise((resolve, reject) => dgram.createSocket('udp4').on('error', reject)
            .send('canary', input.port, '127.0.0.1', (error) => error ? reject(error) : resolve()))),
          caught(() => on(net.connect(input.local), 'connect')),
          caught(() => on(net.createServer().listen(0), 'listening')),
          caught(() => on(net.createServer().listen('\\0hostile'), 'listening')),
          caught(() => dns.promises.lookup('localhost')),
          caught(() => dns.promises.resolve4('example.com')),
        ])`
      const outcome = await attack({ body, input: { port: udp.address().port, local } })
      expect(outcome).toMatchObject({ output: [DENIED, DENIED, DENIED, DENIED, DENIED, DENIED] })
      expect(heard).toEqual([])
    } finally {
      udp.close()
      server.close()
    }
  })
})

describe('a plugin that wants power over its process', () => {
  it.each([
    ['threads', `new (await import('node:worker_threads')).Worker('', { eval: true })`],
    ['add-ons', `process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')`],
    ['WASI', `new (await import('node:wasi')).WASI({ version: 'preview1' })`],
    ['foreign functions', `(await import('node:ffi')).dlopen('libc.so.6', {})`],
    ['the inspector', `(await import('node:inspector')).open(0)`],
    ['a session of the inspector', `new (await import('node:inspector')).Session().connect()`],
    ['a report', `process.report.writeReport('/report.json')`],
    ['a heap snapshot', `(await import('node:v8')).writeHeapSnapshot('/heap')`],
    ['another program in its place', `process.execve('/node', ['/node'], {})`],
    ['a fork', `(await import('node:child_process')).fork('/node')`],
    ['the internals of Node', `process.binding('spawn_sync')`],
    ['code from text', `new Function('return 1')()`],
    ['a database', `new (await import('node:sqlite')).DatabaseSync('/x')`],
  ])('does not get %s', async (_, attempt) => {
    const outcome = await attack({ body: `return caught(async () => ${attempt})` })
    expect(outcome).toMatchObject({ state: 'done', output: { code: expect.any(String) } })
  })

  it('holds its input, its channel and what Node itself opens, and nothing else', async () => {
    const body = `const open = {}
      for (let fd = 0; fd < 1024; fd += 1) {
        try {
          const stat = fs.fstatSync(fd)
          open[fd] = stat.isSocket() ? 'socket' : stat.isFIFO() ? 'pipe' : stat.isCharacterDevice() ? 'device'
            : stat.isFile() || stat.isDirectory() || stat.isBlockDevice() ? 'file' : 'other'
        } catch {}
      }
      return open`
    const outcome = (await attack({ body })) as { output: Record<string, string> }
    const { output } = outcome
    expect([output['0'], output['1'], output['2'], output['3']]).toEqual([
      'socket',
      'device',
      'socket',
      'socket',
    ])
    const others = Object.entries(output).filter(([fd]) => Number(fd) > 3)
    expect(others.filter(([, kind]) => kind === 'socket' || kind === 'file')).toEqual([])
  })
})

describe('a plugin that wears its host down', () => {
  it.each([
    ['loops for ever', `for (;;) {}`],
    [
      'sets a million timers',
      `for (let n = 0; n < 1e6; n += 1) setInterval(() => {}, 1); await never`,
    ],
    [
      'opens descriptors without end',
      `for (;;) { try { fs.openSync('/dev/null') } catch {} try { net.createServer().listen(0) } catch {} }`,
    ],
    [
      'starts processes without end',
      `const { spawn } = await import('node:child_process')
      for (;;) { try { spawn('/node') } catch {} }`,
    ],
    [
      'ignores the request to stop',
      `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); await never`,
    ],
    ['hangs in shared memory', `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`],
  ])('and %s is gone two seconds after its deadline, and nobody waits for it', async (_, body) => {
    const other = pluginOf({ name: 'other', jobs: { one: { body: 'return 1' } } })
    await test.run(other, 'one')
    const before = new Set(descendantsOf(process.pid))
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    const started = performance.now()
    const running = attack({ body, timeoutMs: 1_000 })
    expect(codeOf(await test.run(other, 'one'))).toBe('done')
    const outcome = await running
    expect(['ERR_RUN_TIMEOUT', 'ERR_PLUGIN_CRASHED', 'ERR_PLUGIN_MEMORY']).toContain(
      codeOf(outcome),
    )
    await until(() => startedSince(before).length === 0)
    expect(startedSince(before)).toEqual([])
    // One second to its deadline, two to its end; the rest is the start of the process on a busy machine.
    expect(performance.now() - started).toBeLessThan(patient(6_000))
    delay.disable()
    // A process that is flooded for a second would show here; what neighbours on the same cores take does too.
    expect(delay.percentile(99) / 1e6).toBeLessThan(patient(300))
  })

  function startedSince(before: ReadonlySet<number>): number[] {
    return descendantsOf(process.pid).filter((pid) => !before.has(pid) && lives(pid))
  }

  it('fills its state up to its quota, and nobody else notices', async () => {
    const body = `let written = 0
      try { for (;;) { await use.own.set('k' + written, 'x'.repeat(10_000)); written += 1 } }
      catch (error) { return { written, code: error.code } }`
    const outcome = await attack({ body, permissions: STATE })
    expect(outcome).toMatchObject({ output: { code: 'ERR_LIMIT', written: expect.any(Number) } })
    const { written } = (outcome as unknown as { output: { written: number } }).output
    expect(written).toBeLessThanOrEqual(10)
    const modest = `await use.own.set('k', 'mine'); return use.own.get('k')`
    expect(await attack({ name: 'modest', body: modest, permissions: STATE })).toMatchObject({
      output: 'mine',
    })
  })
})

describe('a plugin that wants what another one keeps', () => {
  it('does not reach its state by any key', async () => {
    await attack({
      name: 'keeper',
      body: `await use.own.set('secret', 'canary')`,
      permissions: STATE,
    })
    const keys = [
      'secret',
      '../keeper/secret',
      '..%2fkeeper%2fsecret',
      '/secret',
      'keeper/secret',
      '../../agent.key',
      'secret\0',
    ]
    const body = `return Promise.all(input.keys.map((key) => caught(() => use.own.get(key))))`
    const outcome = await attack({ name: 'thief', body, input: { keys }, permissions: STATE })
    expect(outcome).toMatchObject({ state: 'done' })
    expect(JSON.stringify(outcome)).not.toContain('canary')
  })

  it('does not reach its state by a path that was approved above it', async () => {
    const permissions: Permissions = {
      files: { kind: 'files.read', paths: [`${test.stateDirectory}/**`] },
    }
    await attack({
      name: 'keeper',
      body: `await use.own.set('secret', 'canary')`,
      permissions: STATE,
    })
    const body = `return Promise.all(input.paths.map((path) => caught(() => use.files.text(path))))`
    const paths = [
      join(test.stateDirectory, 'agent.key'),
      join(test.stateDirectory, 'plugin-state', 'keeper', 'secret'),
    ]
    const outcome = await attack({ body, input: { paths }, permissions })
    expect(JSON.stringify(outcome)).not.toContain('canary')
    for (const path of paths) expect([path, existsSync(path)]).toEqual([path, true])
  })
})

function lives(pid: number): boolean {
  return statusField(pid, 'State')?.startsWith('Z') === false
}
