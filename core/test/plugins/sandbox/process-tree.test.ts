// SPDX-License-Identifier: Apache-2.0
/** A sandbox ends as a whole: when it is killed, and when its agent is. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { findSandbox, spawnInSandbox } from '../../../src/plugins/sandbox/bubblewrap.ts'
import { nodeArguments } from '../../../src/plugins/sandbox/node-flags.ts'
import { descendantsOf, killSandbox } from '../../../src/plugins/sandbox/process-tree.ts'
import { watchTree } from '../../../src/plugins/sandbox/watchdog.ts'
import { patient } from '../../../../test/support/patience.ts'

const MEMORY_BYTES = 256 * 1_048_576
const LIMITS = { memoryBytes: MEMORY_BYTES, readyMs: 0, watchMs: 10, graceMs: 0 }

/** A size of heap that only the sandboxes of one test ask for, by which its processes are known. */
const MARKED_MIB = 79

function marked(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      return args.includes(`--max-old-space-size=${MARKED_MIB}\0`)
    } catch {
      return false // No process, or it has just ended.
    }
  })
}

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Behind the first wall alone, without the filter: a process with a child and a detached grandchild that ignores SIGTERM. */
const FAMILY = `
import { spawn } from 'node:child_process'
const idle = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)'
const options = { detached: true, stdio: 'ignore' }
const parent = 'require("node:child_process").spawn("/node", ["-e", ' + JSON.stringify(idle) + '], ' +
  JSON.stringify(options) + ').unref();' + idle
spawn('/node', ['-e', parent], options).unref()
process.on('SIGTERM', () => {})
process.send('ready')
setInterval(() => {}, 1e6)
`

async function startFamily(): Promise<{ child: ChildProcess; pids: number[] }> {
  const bare = { ...(await findSandbox()), filter: undefined }
  const child = spawnInSandbox(bare, nodeArguments([], MEMORY_BYTES))
  children.push(child)
  child.stdin!.end(FAMILY)
  await new Promise((resolve) => child.once('message', resolve))
  const pids = await until(() => {
    const found = descendantsOf(child.pid!)
    return found.length === 4 ? found : undefined
  })
  return { child, pids }
}

describe('killSandbox', () => {
  it('ends all processes within two seconds, detached ones included', async () => {
    const { child, pids } = await startFamily()
    const started = performance.now()
    killSandbox(child)
    await new Promise((resolve) => child.once('exit', resolve))
    expect(performance.now() - started).toBeLessThan(patient(2_000))
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  })
})

describe('a sandbox that is ended while it is being made', () => {
  it('leaves no process behind, at whatever instant', async () => {
    const sandbox = await findSandbox()
    const memoryBytes = MARKED_MIB * 2 * 1_048_576
    for (let tries = 0; tries < 60; tries += 1) {
      const child = spawnInSandbox(sandbox, nodeArguments([], memoryBytes))
      const instant = performance.now() + tries / 10
      while (performance.now() < instant);
      const gone = new Promise((resolve) => child.once('exit', resolve))
      killSandbox(child)
      await gone
    }
    await until(() => (marked().length === 0 ? true : undefined))
  })
})

describe('watchTree', () => {
  it('notices processes beside Node', async () => {
    const { child } = await startFamily()
    const code = await new Promise((resolve) =>
      watchTree(child.pid!, { ...LIMITS, memoryBytes: 2 ** 40 }, (fault) => resolve(fault.code)),
    )
    expect(code).toBe('ERR_PLUGIN_ABUSE')
  })

  it('notices memory, and nothing else', async () => {
    const child = spawnInSandbox(await findSandbox(), nodeArguments([], MEMORY_BYTES))
    children.push(child)
    child.stdin!.end(`process.send('ready'); setInterval(() => {}, 1e6)`)
    await new Promise((resolve) => child.once('message', resolve))
    const faults: string[] = []
    const stop = watchTree(child.pid!, { ...LIMITS, memoryBytes: 2 ** 40 }, () => faults.push('?'))
    const code = await new Promise((resolve) =>
      watchTree(child.pid!, { ...LIMITS, memoryBytes: 10_000_000 }, (fault) => resolve(fault.code)),
    )
    stop()
    expect(code).toBe('ERR_PLUGIN_MEMORY')
    expect(faults).toEqual([])
  })
})

describe('an agent', () => {
  interface Report {
    readonly pids: number[]
    readonly targets: string[]
  }

  /** Starts one that inherits an open file as descriptor 40, which Node itself would pass on. */
  async function startAgent(): Promise<{ agent: ChildProcess; report: Report }> {
    const held = openSync(import.meta.filename, 'r')
    const stdio = [
      'ignore',
      'pipe',
      'inherit',
      ...Array.from({ length: 37 }, () => 'ignore' as const),
      held,
    ]
    const flags = ['--conditions=@sallyport/source', '--disable-warning=ExperimentalWarning']
    const program = join(import.meta.dirname, 'agent-for-test.ts')
    const agent = spawn(process.execPath, [...flags, program], { stdio } as object)
    closeSync(held)
    children.push(agent)
    const line = await new Promise<string>((resolve, reject) => {
      agent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))
      agent.once('exit', () => reject(new Error('the agent ended')))
    })
    return { agent, report: JSON.parse(line) as Report }
  }

  it('that is killed takes its sandboxes with it', async () => {
    const { agent, report } = await startAgent()
    expect(report.pids).toHaveLength(3)
    agent.kill('SIGKILL')
    const left = (): number[] => report.pids.filter((pid) => existsSync(`/proc/${pid}`))
    await until(() => (left().length === 0 ? true : undefined))
    expect(left()).toEqual([])
  })

  it('that is killed while it starts sandboxes leaves none behind', async () => {
    for (let tries = 0; tries < 4; tries += 1) {
      const { agent, report } = await startAgent()
      const pids = report.pids
      await new Promise((done) => setTimeout(done, tries * 20))
      agent.kill('SIGKILL')
      const left = (): number[] => pids.filter((pid) => existsSync(`/proc/${pid}`))
      await until(() => (left().length + marked().length === 0 ? true : undefined))
    }
  })

  it('passes no descriptor on that it inherited', async () => {
    const { report } = await startAgent()
    expect(report.targets).not.toContain(import.meta.filename)
    const known = /^(\/dev\/null|pipe:|socket:|anon_inode:)/
    expect(report.targets.filter((target) => !known.test(target))).toEqual([])
  })
})

async function until<T>(look: () => T | undefined): Promise<T> {
  const deadline = performance.now() + patient(10_000)
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error('it never came')
    await new Promise((done) => setTimeout(done, 10))
  }
}
