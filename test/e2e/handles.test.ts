// SPDX-License-Identifier: Apache-2.0
/**
 * A plugin without any network meets an HTTP service, a service on a Unix socket, a TCP service, a real sshd, a secret
 * and a folder: bound by command line beside the running agent, used through handles alone.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cp, mkdir, readFile, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '@sallyport/core/protocol'
import { makeKey, startSshd, type SshHost } from '../../core/test/plugins/broker/ssh/sshd.ts'
import { auditEvents } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { ROOT, sallyport, sallyportJson } from '../support/programs.ts'
import { startEcho, startHttp, type HttpService } from '../support/services.ts'

const TOKEN = 'canary-token-5f1d'
const PASSWORD = 'canary-password-77'
const LOG_BYTES = 3_000_000

let field: Field
let agent: KnownAgent
let web: HttpService
let nas: SshHost
const scope = new AsyncDisposableStack()

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  const result = await field.operator.approve(agent, await buildWorld())
  expect(result).toMatchObject({ state: 'done' })
  await startServices()
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
  await scope.disposeAsync()
})

const place = (name: string): string => join(field.folder, name)

/** Builds the plugin by command line, from a folder outside the repository. */
async function buildWorld(): Promise<Uint8Array> {
  const folder = place('world')
  await cp(join(ROOT, 'test/e2e/plugins/world'), folder, { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const args = ['plugin', 'build', folder, '--write-manifest', '--out', field.folder]
  const { file } = await sallyportJson<{ file: string }>(args, { home: field.folder })
  return readFile(file)
}

async function startServices(): Promise<void> {
  web = scope.use(
    await startHttp((request, response) => {
      if (request.url!.startsWith('/api/log/')) response.end(Buffer.alloc(LOG_BYTES, 'x'))
      else response.end(JSON.stringify({ started: request.url }))
    }),
  )
  scope.use(await startHttp((_, response) => response.end('engine 1.44'), place('engine.sock')))
  scope.use(await startEcho(place('echo.sock')))
  const echo = scope.use(await startEcho())
  const key = makeKey(field.folder, 'key')
  nas = scope.use(await startSshd({ authorized: [`restrict,command="echo forced" ${key.line}`] }))
  await secretFile('token', TOKEN)
  await secretFile('password', PASSWORD)
  await writeFile(place('hosts'), `[127.0.0.1]:${nas.port} ssh-ed25519 ${nas.hostKey}\n`)
  await mkdir(place('exports'))
  await bind('web', '--url', `http://127.0.0.1:${web.port}/api`, '--bearer-file', place('token'))
  await bind('engine', '--unix', place('engine.sock'))
  await bind('tcp', '--connect', `tcp://127.0.0.1:${echo.port}`)
  await bind('pipe', '--connect', `unix:${place('echo.sock')}`)
  const ssh = ['--ssh', `${nas.user}@127.0.0.1:${nas.port}`, '--host-key', place('hosts')]
  await bind('nas', ...ssh, '--key-file', key.path)
  await bind('password', '--secret-file', place('password'))
  await bind('exports', '--folder', place('exports'))
}

async function secretFile(name: string, text: string): Promise<void> {
  await writeFile(place(name), `${text}\n`, { mode: 0o600 })
}

/** Binds a name on the host, beside the running agent. */
async function bind(name: string, ...args: string[]): Promise<void> {
  const place = ['--state-dir', field.stateDir('pve1')]
  const bound = await sallyport(['agent', 'bind', 'world', name, ...args, ...place], {
    home: field.folder,
  })
  if (bound.code !== 0) throw new Error(`bind ${name}: ${bound.stdout}${bound.stderr}`)
}

function run(job: string, input: Record<string, string | number> = {}): Promise<Result> {
  return field.operator.run(agent, { jobType: `world/${job}`, input })
}

describe('a plugin that has no network', () => {
  it('calls an HTTP service, with a credential that it never sees', async () => {
    const result = await run('guest', { vmid: 101 })
    expect(result).toMatchObject({ state: 'done', output: { status: 200 } })
    expect(web.received.at(-1)).toEqual({
      line: 'POST /api/guests/101/start',
      authorization: `Bearer ${TOKEN}`,
    })
  })

  it('reaches no other guest there, however it writes the path', async () => {
    const before = web.received.length
    for (const path of [
      '/guests/102/start',
      '/guests/101/../102/start',
      '/guests/101%2F..%2F102/start',
      '/guests/%31%30%32/start',
      '/guests/101/start?vmid=102',
      '/guests/102%00/start',
      '//guests/101/start',
    ]) {
      const result = await run('guest', { vmid: 101, path })
      expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
    }
    expect(web.received.length).toBe(before)
  })

  it('reads a stream of more than it may hold at once', async () => {
    expect(await run('log', { vmid: 101 })).toMatchObject({ output: { bytes: LOG_BYTES } })
  })

  it('calls a service on a Unix socket', async () => {
    expect(await run('engine')).toMatchObject({ output: { version: 'engine 1.44' } })
  })

  it('talks to a TCP and to a Unix service', async () => {
    const output = { tcp: 'HELLO', unix: 'HELLO' }
    expect(await run('echo', { line: 'hello' })).toMatchObject({ output })
  })

  it('logs in to a real sshd with a key that it never sees', async () => {
    const result = await run('shell')
    expect(result.failure).toBeUndefined()
    expect(result).toMatchObject({ state: 'done', output: { printed: 'forced\n' } })
  })

  it('uses a secret and a folder', async () => {
    expect(await run('note')).toMatchObject({ output: { text: `${PASSWORD.length}` } })
    expect(await readdir(place('exports'))).toEqual(['length.txt'])
  })

  it('has sent and received nothing on a network of its own', async () => {
    const counters = await packetCounters(field.program('pve1').pid)
    expect(counters.length).toBeGreaterThan(0)
    for (const packets of counters) expect(packets).toBe(0)
  })

  it('leaves each use on record, and no secret anywhere', async () => {
    const events = auditEvents(field.stateDir('pve1'))
    const kinds = events.flatMap(({ event, details }) =>
      event === 'handle.used' ? [details['kind']] : [],
    )
    for (const kind of ['endpoint', 'connect', 'ssh', 'secret', 'files.write', 'files.read'])
      expect(kinds).toContain(kind)
    const { stdout, stderr } = field.program('pve1').output()
    for (const text of [JSON.stringify(events), stdout, stderr]) {
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain(PASSWORD)
    }
  })
})

/** Packets that each network device of each sandbox below the agent has received and sent. */
async function packetCounters(agentPid: number): Promise<number[]> {
  const pids = await sandboxedBelow(agentPid)
  const tables = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/net/dev`, 'utf8')))
  return tables.flatMap((table) =>
    [...table.matchAll(/^\s*\S+:\s+\d+\s+(\d+)(?:\s+\d+){7}\s+(\d+)/gm)].map(
      ([, receivedCount, sentCount]) => Number(receivedCount) + Number(sentCount),
    ),
  )
}

/** Processes below that are in another network namespace than this one. */
async function sandboxedBelow(pid: number): Promise<number[]> {
  const own = await readlink('/proc/self/ns/net')
  const below = await descendantsOf(pid)
  const networks = await Promise.all(below.map((each) => readlink(`/proc/${each}/ns/net`)))
  return below.filter((_, at) => networks[at] !== own)
}

async function descendantsOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const found = await Promise.all(
    children
      .split(' ')
      .filter((text) => text !== '')
      .map(Number)
      .map(async (child) => [child, ...(await descendantsOf(child))]),
  )
  return found.flat()
}
