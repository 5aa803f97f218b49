// SPDX-License-Identifier: Apache-2.0
/** Plugins that mean harm, in real sandboxes: each is contained, the agent lives, the next job runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Permissions } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'
import type { RunOutcome } from '../../src/plugins/ports.ts'
import { patient } from '../../../test/support/patience.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest } from './support.ts'

const GOOD = pluginOf({ name: 'good', jobs: { echo: { body: 'return { input }' } } })

/** Everything a hostile module may want. */
const IMPORTS = `import fs from 'node:fs'
import net from 'node:net'
import dgram from 'node:dgram'
import v8 from 'node:v8'
import childProcess from 'node:child_process'
const never = new Promise(() => {})
const caught = async (attempt) => { try { return { got: await attempt() } } catch (error) { return { code: error.code } } }
`

let test: HostForTest

beforeAll(async () => {
  // No pauses: each attack is followed by a job of the same plugin.
  test = await hostForTest({ backOff: new CrashBackOff({ firstMs: 0, longestMs: 0 }) })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

interface Attack {
  readonly body: string
  readonly timeoutMs?: number
  readonly permissions?: Permissions
}

/** A call that has no answer before the run is over. */
const SLEEP: Permissions = {
  x: {
    kind: 'exec',
    program: '/bin/sleep',
    args: ['60'],
    timeoutMs: 60_000,
    maxOutputBytes: 1_024,
  },
}

/** Runs the attack, then a good job of another plugin and one of the same, which must both be done. */
async function attack(
  { body, timeoutMs = 10_000, permissions = {} }: Attack,
  input: unknown = {},
): Promise<RunOutcome> {
  const hostile = pluginOf({
    name: 'hostile',
    top: IMPORTS,
    jobs: {
      attack: { body, limits: { timeoutMs }, permissions },
      behave: { body: 'return { polluted: ({}).polluted ?? null }' },
    },
  })
  const outcome = await test.run(hostile, 'attack', input)
  expect(await test.run(GOOD, 'echo', { n: 1 })).toMatchObject({ output: { input: { n: 1 } } })
  expect(await test.run(hostile, 'behave')).toMatchObject({ output: { polluted: null } })
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  return outcome
}

describe('a plugin that reaches for the host', () => {
  let folder: string
  let hits = 0
  const servers: Server[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-canary-'))
    await writeFile(join(folder, 'secret'), 'canary')
    const database = new DatabaseSync(join(folder, 'db'))
    database.exec("CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('canary')")
    database.close()
  })

  afterAll(async () => {
    for (const server of servers) server.close()
    await rm(folder, { recursive: true, force: true })
  })

  function listen(where: object): Promise<Server> {
    const server = createServer((socket) => {
      hits += 1
      socket.destroy()
    })
    servers.push(server)
    return new Promise((resolve) => server.listen(where, () => resolve(server)))
  }

  it('cannot read the files of the host or of its processes', async () => {
    const paths = ['/etc/shadow', '/etc/passwd', '/proc/1/environ', '/proc/self/mem', '/node']
    const body = `return Promise.all(input.paths.map((path) => caught(() => fs.readFileSync(path).length)))`
    const outcome = await attack({ body }, { paths })
    expect(outcome).toMatchObject({ output: paths.map(() => ({ code: 'ERR_ACCESS_DENIED' })) })
  })

  it('cannot read a file that everyone on the host may read', async () => {
    const body = `return caught(() => fs.readFileSync(input.path, 'utf8'))`
    const outcome = await attack({ body }, { path: join(folder, 'secret') })
    expect(outcome).toMatchObject({ output: { code: 'ERR_ACCESS_DENIED' } })
  })

  it('reaches no listener over TCP, by path or by abstract name', async () => {
    const tcp = await listen({ host: '127.0.0.1', port: 0 })
    await listen({ path: join(folder, 'socket') })
    await listen({ path: '\0sallyport-attack-test' })
    const { port } = tcp.address() as { port: number }
    const body = `const reach = (where) => caught(() => new Promise((resolve, reject) => {
        net.connect(where).on('connect', () => resolve('connected')).on('error', reject) }))
      return Promise.all([{ host: '127.0.0.1', port: input.port }, { path: input.path },
        { path: '\\0sallyport-attack-test' }].map(reach))`
    const outcome = await attack({ body }, { port, path: join(folder, 'socket') })
    const denied = { code: 'ERR_ACCESS_DENIED' }
    expect(outcome).toMatchObject({ output: [denied, denied, denied] })
    expect(hits).toBe(0)
  })

  it('cannot fetch, listen, resolve names or send datagrams', async () => {
    const body = `return Promise.all([
      caught(() => fetch('http://127.0.0.1:8080/').catch((error) => { throw error.cause })),
      caught(() => new Promise((resolve, reject) => net.createServer().on('error', reject).listen(0, resolve))),
      caught(() => new Promise((resolve, reject) =>
        dgram.createSocket('udp4').on('error', reject).send('x', 53, '127.0.0.1', (e) => e ? reject(e) : resolve()))),
    ])`
    const outcome = await attack({ body })
    const denied = { code: 'ERR_ACCESS_DENIED' }
    expect(outcome).toMatchObject({ output: [denied, denied, denied] })
  })

  it('cannot start programs', async () => {
    const body = `return caught(() => childProcess.spawnSync('/bin/sh', ['-c', 'id']))`
    expect(await attack({ body })).toMatchObject({ output: { code: 'ERR_ACCESS_DENIED' } })
    const replace = `return caught(() => process.execve('/bin/sh', ['sh', '-c', 'id'], {}))`
    expect(await attack({ body: replace })).toMatchObject({ output: { code: 'ERR_ACCESS_DENIED' } })
  })

  it('cannot open a database that exists on the host', async () => {
    const body = `return caught(async () => {
      const { DatabaseSync } = await import('node:sqlite')
      return new DatabaseSync(input.path).prepare('SELECT v FROM t').all()
    })`
    const outcome = await attack({ body }, { path: join(folder, 'db') })
    expect(outcome).toMatchObject({ output: { code: expect.stringMatching(/^ERR_/) } })
    expect(outcome).not.toMatchObject({ output: { got: expect.anything() } })
  })

  it('cannot signal the agent', async () => {
    const body = `return Promise.all(['SIGUSR1', 'SIGTERM', 0].map((signal) =>
      caught(() => process.kill(input.pid, signal))))`
    const outcome = await attack({ body }, { pid: process.pid })
    const denied = { code: 'EPERM' }
    expect(outcome).toMatchObject({ output: [denied, denied, denied] })
  })

  it('cannot end the first process of its namespace', async () => {
    const body = `const ends = ['SIGKILL', 'SIGTERM'].map((signal) => caught(() => process.kill(1, signal)))
      return { ends: await Promise.all(ends), ppid: process.ppid }`
    const denied = { code: 'EPERM' }
    expect(await attack({ body })).toMatchObject({ output: { ends: [denied, denied], ppid: 1 } })
  })

  it('reaches no other process when it signals all it can', async () => {
    const body = `return caught(() => process.kill(-1, 'SIGKILL'))`
    expect(await attack({ body })).toMatchObject({ output: { code: 'EPERM' } })
  })

  it('finds no variables, no arguments and no descriptors of the agent', async () => {
    const body = `const open = []
      for (let fd = 0; fd < 300; fd += 1) {
        try { const stat = fs.fstatSync(fd); if (stat.isFile() || stat.isBlockDevice()) open.push(fd) } catch {}
      }
      return { env: Object.keys(process.env), argv: process.argv.slice(1), open }`
    const outcome = await attack({ body })
    expect(outcome).toMatchObject({ output: { env: ['PWD'], open: [] } })
  })
})

describe('a plugin that wears the agent down', () => {
  it('is killed when it loops for ever', async () => {
    const started = performance.now()
    const outcome = await attack({ body: 'for (;;) {}', timeoutMs: 500 })
    expect(codeOf(outcome)).toBe('ERR_RUN_TIMEOUT')
    expect(performance.now() - started).toBeLessThan(patient(6_000))
  })

  it('is killed when a pattern never ends', async () => {
    const body = `return /^(a+)+$/.test('a'.repeat(60) + 'b')`
    expect(codeOf(await attack({ body, timeoutMs: 500 }))).toBe('ERR_RUN_TIMEOUT')
  })

  it('is timed out when its promise never settles', async () => {
    expect(codeOf(await attack({ body: 'await never', timeoutMs: 300 }))).toBe('ERR_RUN_TIMEOUT')
  })

  it.each([
    [
      'buffers',
      `const held = []; for (let i = 0; i < 32; i += 1) held.push(Buffer.alloc(64e6, 1)); await never`,
    ],
    ['one buffer', `const held = Buffer.alloc(2 ** 31, 1); await never`],
    ['objects', `const held = []; for (;;) held.push({ n: held.length })`],
    [
      'WebAssembly',
      `const memory = new WebAssembly.Memory({ initial: 32768 });
      const bytes = new Uint8Array(memory.buffer); for (let i = 0; i < bytes.length; i += 4096) bytes[i] = 1; await never`,
    ],
  ])('is killed when it takes 2 GB as %s', async (_, body) => {
    const outcome = await attack({ body, timeoutMs: 60_000 })
    expect(codeOf(outcome)).toBe('ERR_PLUGIN_MEMORY')
  })

  it('is killed when it floods standard error', async () => {
    const body = `for (let i = 0; i < 4096; i += 1) process.stderr.write('x'.repeat(1024)); await never`
    expect(codeOf(await attack({ body }))).toBe('ERR_OUTPUT_LIMIT')
  })

  it('is told when its output is too large', async () => {
    expect(codeOf(await attack({ body: `return 'x'.repeat(1_100_000)` }))).toBe('ERR_OUTPUT_LIMIT')
  })
})

describe('a plugin that ends itself', () => {
  it.each([
    ['process.exit(0)', 'process.exit(0)'],
    ['process.abort()', 'process.abort()'],
    ['an uncaught error', `setTimeout(() => { throw new Error('boom') }); await never`],
    ['an unhandled rejection', `Promise.reject(new Error('boom')); await never`],
    ['SIGKILL', `process.kill(process.pid, 'SIGKILL'); await never`],
    ['closing the channel', 'process.disconnect(); await never'],
    ['changing V8 flags', `v8.setFlagsFromString('--redirect-code-traces-to=/tmp/x'); await never`],
  ])('fails by %s', async (_, body) => {
    expect(codeOf(await attack({ body, timeoutMs: 60_000 }))).toBe('ERR_PLUGIN_CRASHED')
  })

  it('says in the failure what was thrown', async () => {
    const outcome = await attack({
      body: `setTimeout(() => { throw new Error('boom') }); await never`,
    })
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining('Error: boom') } })
  })
})

describe('a plugin that abuses the channel', () => {
  const call = `{ type: 'call', runId: 1, handle: 'x', method: 'y', args: '[]'`

  it.each([
    ['a message of 100 MB', `process.send({ type: 'log', runId: 1, text: 'x'.repeat(1e8) })`],
    ['a length without a message', `fs.writeSync(3, Buffer.from([0x7f, 0xff, 0xff, 0xff]))`],
    ['bytes that are no message', `fs.writeSync(3, Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]))`],
    [
      'a flood of lines',
      `for (let i = 0; i < 6e3; i += 1) process.send({ type: 'log', runId: 1, text: 'x' })`,
    ],
    ['a flood of calls', `for (let i = 1; i < 1e5; i += 1) process.send(${call}, callId: i })`],
    [
      'asking again and again for what it may not',
      `for (let i = 0; i < 2000; i += 1) await use.x.text('/x').catch(() => {})`,
    ],
    [
      'a flood of late messages',
      `for (let i = 0; i < 1e5; i += 1) process.send({ type: 'log', runId: 0, text: 'x' })`,
    ],
    ['a used call id', `process.send(${call}, callId: 1 }); process.send(${call}, callId: 1 })`],
    ['the end of a run that never was', `process.send({ type: 'done', runId: 99, output: '1' })`],
    ['a second greeting', `process.send({ type: 'standing' })`],
    ['a second manifest', `process.send({ type: 'loaded', manifest: '{}' })`],
    ['an unknown message', `process.send({ type: 'please' })`],
    ['a text for a message', `process.send('please')`],
    ['a message with more members', `process.send({ type: 'log', runId: 1, text: 'x', more: 1 })`],
    ['a number for a text', `process.send({ type: 'done', runId: 1, output: 1 })`],
    ['a map', `process.send(new Map([['type', 'standing']]))`],
    ['an acknowledgement nobody waits for', `process.send({ cmd: 'NODE_HANDLE_ACK' })`],
    ['a refusal nobody waits for', `process.send({ cmd: 'NODE_HANDLE_NACK' })`],
    ['a descriptor that is none', `process.send({ cmd: 'NODE_HANDLE', type: 'none', msg: {} })`],
    [
      'a passed socket',
      `process.send({ type: 'log', runId: 1, text: 'x' }, process.stderr._handle)`,
    ],
    [
      'a socket passed beside a message of good form',
      `const own = Object.getOwnPropertySymbols(process).find((name) => name.description === 'kChannelHandle')
      const channel = process[own]
      const write = channel.writeBuffer
      channel.writeBuffer = (req, bytes) => write.call(channel, req, bytes, process.stderr._handle)
      process.send({ type: 'log', runId: 1, text: 'x' })`,
    ],
  ])('is killed for %s', async (_, sends) => {
    const outcome = await attack({ body: `${sends}; await never`, timeoutMs: 60_000 })
    expect(codeOf(outcome)).toBe('ERR_PLUGIN_ABUSE')
  })

  it('is killed for a hundred calls at once', async () => {
    const slow = `{ type: 'call', runId: 1, handle: 'x', method: 'run', args: '[["60"]]'`
    const body = `for (let i = 1; i <= 100; i += 1) process.send(${slow}, callId: i }); await never`
    const outcome = await attack({ body, timeoutMs: 20_000, permissions: SLEEP })
    expect(outcome).toMatchObject({
      failure: {
        code: 'ERR_PLUGIN_ABUSE',
        message: expect.stringContaining('too many open handle calls'),
      },
    })
  })

  it('has no message collected that is too long', async () => {
    const body = `process.send({ type: 'log', runId: 1, text: 'x'.repeat(1e8) }); await never`
    const outcome = await attack({ body, timeoutMs: 60_000 })
    expect(outcome).toMatchObject({
      failure: { message: expect.stringMatching(/a message of 1\d+ bytes/) },
    })
  })

  it.each([
    ['__proto__', `JSON.parse('{"__proto__":{"polluted":1}}')`],
    ['constructor', `({ constructor: { prototype: { polluted: 1 } } })`],
    [
      'depth',
      `(() => { let deep = {}; for (let i = 0; i < 100; i += 1) deep = { deep }; return deep })()`,
    ],
    ['a lone surrogate', `'\\ud800'`],
    ['undefined', 'undefined'],
    ['a function', '() => 1'],
  ])('cannot bring %s into the agent by its output', async (_, output) => {
    expect(codeOf(await attack({ body: `return ${output}` }))).toBe('ERR_OUTPUT_FORM')
  })

  it('cannot settle the call of a run with an answer of its own', async () => {
    const body = `process.send({ type: 'reply', runId: 1, callId: 1, ok: true, value: 1 }); await never`
    expect(codeOf(await attack({ body, timeoutMs: 60_000 }))).toBe('ERR_PLUGIN_ABUSE')
  })

  it('has its late messages ignored', async () => {
    const body = `setImmediate(() => process.send({ type: 'done', runId: 1, output: '2' })); return 1`
    expect(await attack({ body })).toMatchObject({ state: 'done', output: 1 })
  })

  it('cannot pass for the agent with a failure', async () => {
    const body = `throw Object.assign(new Error('x'), { code: 'ERR_RUN_CANCELLED' })`
    expect(codeOf(await attack({ body }))).toBe('ERR_JOB_THREW')
  })
})
