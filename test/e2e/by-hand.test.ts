// SPDX-License-Identifier: Apache-2.0
/** The README by hand: hub, agent and command line as a person starts them, one job from signing to proof. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { patient } from '../support/patience.ts'
import {
  ROOT,
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Running,
} from '../support/programs.ts'

const PASSPHRASE = '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34'
let home: string
let hub: Running
let agent: Running
let url: string
const scope = new AsyncDisposableStack()

function withPassphrase(): string[] {
  return ['--passphrase-file', join(home, 'passphrase')]
}

beforeAll(async () => {
  home = scope.use(await temporaryFolder()).path
  await writeFile(join(home, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 })
  await sallyportJson(['init', ...withPassphrase()], { home })
  hub = scope.use(await start(['hub', 'start', '--port', '0'], { home }))
  url = String(hub.ready['url'])
  const { code } = await sallyportJson<{ code: string }>(
    ['agent', 'code', 'pve1', '--hub', url, ...withPassphrase()],
    { home },
  )
  await sallyportJson(['agent', 'enrol', code, '--hub', url], { home })
  const metrics = ['--metrics-file', join(home, 'sallyport.prom')]
  agent = scope.use(await start(['agent', 'start', ...metrics], { home }))
  await sallyportJson(['plugin', 'build', join(ROOT, 'plugins/sensors'), '--out', home], { home })
  const bundle = join(home, 'sensors-0.1.0.spb')
  await sallyportJson(['plugin', 'keygen', ...withPassphrase()], { home })
  await sallyportJson(['plugin', 'sign', bundle, ...withPassphrase()], { home })
  await sallyportJson(
    ['plugin', 'approve', bundle, '--agent', 'pve1', '--yes', '--hub', url, ...withPassphrase()],
    { home },
  )
})

afterAll(async () => {
  await scope.disposeAsync()
})

async function run<T>(jobType: string): Promise<T> {
  const args = ['job', 'run', jobType, '--agent', 'pve1', '--wait', '--hub', url]
  return sallyportJson<T>([...args, ...withPassphrase()], { home })
}

describe('a job by hand', () => {
  it('reads the real load and memory of this machine', async () => {
    const { state, result } = await run<{
      state: string
      result: { output: { cpu: { coreCount: number }; memory: { totalBytes: number } } }
    }>('sensors/host')
    expect(state).toBe('done')
    expect(result.output.memory.totalBytes / totalmem()).toBeCloseTo(1, 2)
    expect(result.output.cpu.coreCount).toBe(cpus().length)
  })

  it('shows people the steps, the values and who signed', async () => {
    const args = ['job', 'run', 'sensors/host', '--agent', 'pve1', '--wait', '--hub', url]
    const shown = await sallyport([...args, ...withPassphrase()], { home })
    expect(shown.code).toBe(0)
    expect(shown.stdout + shown.stderr).toMatch(/signed by/)
    expect(shown.stdout + shown.stderr).toMatch(/admitted\s+[\d.]+ ms/)
    expect(shown.stdout + shown.stderr).not.toContain('\u001b[')
  })

  it('ends with 3 when the agent refuses, and says why', async () => {
    const args = ['job', 'run', 'docker/list', '--agent', 'pve1', '--wait', '--hub', url]
    const shown = await sallyport([...args, ...withPassphrase()], { home })
    expect(shown.code).toBe(3)
    expect(shown.stderr).toContain('(not_approved)')
  })

  it('signs nothing for a job type that the approved plugin does not have', async () => {
    const args = ['job', 'run', 'sensors/none', '--agent', 'pve1', '--wait', '--hub', url]
    const shown = await sallyport([...args, ...withPassphrase()], { home })
    expect(shown.code).toBe(2)
    expect(shown.stderr).toContain('Nothing was signed or sent.')
  })

  it('leaves an audit log that verifies', async () => {
    const verified = await sallyportJson(['audit', 'verify'], { home })
    expect(verified).toMatchObject({ format: 'sallyport.audit-verify/1', keyIsPinned: true })
  })
})

describe('the hub', () => {
  it('holds nothing that tells what ran or came back', async () => {
    const { result } = await run<{ result: { output: { kernelRelease: string } } }>('sensors/host')
    // The bundle is no secret and lies there in clear: only what its code cannot hold is looked for.
    const needles = ['"jobType"', '"stepsMs"', result.output.kernelRelease]
    const folder = join(home, 'hub')
    for (const file of await readdir(folder)) {
      const bytes = await readFile(join(folder, file)).catch(() => Buffer.alloc(0))
      for (const needle of needles) {
        const coded = Buffer.from(needle).toString('base64url').slice(0, -2)
        const found = bytes.includes(needle) || bytes.includes(coded)
        expect({ file, needle, found }).toEqual({ file, needle, found: false })
      }
    }
  })
})

describe('the agent', () => {
  it('listens on nothing', async () => {
    expect(await listeners(agent.pid)).toEqual([])
    expect((await listeners(hub.pid)).length).toBe(1)
  })

  it('opens no inspector when it is signalled', async () => {
    process.kill(agent.pid, 'SIGUSR1')
    process.kill(hub.pid, 'SIGUSR1')
    await new Promise((done) => setTimeout(done, 300))
    expect(await listeners(agent.pid)).toEqual([])
    expect((await listeners(hub.pid)).length).toBe(1)
  })

  it('keeps its state to itself and lets no second process in', async () => {
    const folder = join(home, 'agent')
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(folder)) {
      const { mode } = await stat(join(folder, name))
      expect({ name, others: mode & 0o077 }).toEqual({ name, others: 0 })
    }
    const second = await sallyport(['agent', 'start'], { home })
    expect(second.code).not.toBe(0)
    expect(second.stderr).toContain('ERR_STATE_LOCKED')
  })

  it('does not enrol a second time over an agent that is there', async () => {
    const args = ['agent', 'code', 'pve2', '--hub', url, ...withPassphrase()]
    const { code } = await sallyportJson<{ code: string }>(args, { home })
    await agent.end()
    const metrics = await readFile(join(home, 'sallyport.prom'), 'utf8')
    expect(metrics).toMatch(/^sallyport_plugin_runs_total\{plugin="sensors",state="done"\} [1-9]/m)
    const again = await sallyport(['agent', 'enrol', code, '--hub', url, '--json'], { home })
    expect(again.code).not.toBe(0)
    expect(again.stdout).toContain('ERR_ALREADY_ENROLLED')
    agent = scope.use(await start(['agent', 'start'], { home }))
  })

  it('stops within its grace and leaves a log that says so', async () => {
    const before = Date.now()
    await agent.end('SIGTERM')
    expect(Date.now() - before).toBeLessThan(patient(5_000))
    const shown = await sallyportJson<{ entries: { event: string }[] }>(['audit', 'show'], { home })
    expect(shown.entries.at(-1)).toMatchObject({ event: 'agent.stopped' })
  })
})

/** Listening TCP sockets and bound UDP sockets of a process, by the inodes of its file descriptors. */
async function listeners(pid: number): Promise<string[]> {
  const { readlinkSync } = await import('node:fs')
  const fds = await readdir(`/proc/${pid}/fd`)
  const links = fds.map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]))
  const found: string[] = []
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const rows = (await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')).split('\n')
    for (const row of rows.slice(1)) {
      const columns = row.trim().split(/\s+/)
      const isListening = table.startsWith('tcp') ? columns[3] === '0A' : columns[3] === '07'
      if (isListening && inodes.has(columns[9])) found.push(`${table} ${columns[1]}`)
    }
  }
  return found
}
