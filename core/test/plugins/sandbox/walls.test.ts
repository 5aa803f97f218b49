// SPDX-License-Identifier: Apache-2.0
/** Each wall alone stops the classic attacks, and a wall that is missing is noticed before a plugin is loaded. */
import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  bubblewrapArguments,
  findSandbox,
  spawnClean,
  spawnInSandbox,
  type Sandbox,
} from '../../../src/plugins/sandbox/bubblewrap.ts'
import { INNER_WALL, nodeArguments } from '../../../src/plugins/sandbox/node-flags.ts'
import { findProcesses, outerWallFaults } from '../../../src/plugins/sandbox/outer-wall.ts'
import { ATTACKS } from '../../../src/plugins/sandbox/probe-attacks.ts'
import { attackWall, probeSandbox } from '../../../src/plugins/sandbox/probe.ts'
import { assemble, verdict } from '../../../src/plugins/sandbox/seccomp/bpf.ts'
import { programText } from '../../../src/plugins/sandbox/program-text.ts'

const MEMORY_BYTES = 256 * 1_048_576

let sandbox: Sandbox
const children: ChildProcess[] = []

beforeAll(async () => {
  sandbox = await findSandbox()
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

describe('the attacks', () => {
  it('succeed where no wall stands', async () => {
    const harmless = ['open the inspector', 'find variables']
    const names = ATTACKS.inner.filter((name) => !harmless.includes(name))
    const results = await attackWall('none', sandbox, [...names, 'signal the agent'])
    const stopped = results.filter(({ stands }) => stands).map(({ attack }) => attack)
    expect(stopped).toEqual([])
  })

  it('are all stopped by the first wall alone', async () => {
    const results = await attackWall('outer', sandbox, ATTACKS.outer)
    expect(results.filter(({ stands }) => !stands)).toEqual([])
    expect(results).toHaveLength(ATTACKS.outer.length)
  })

  it("that are the filter's succeed behind the first wall alone", async () => {
    const results = await attackWall('outer', sandbox, ATTACKS.filter)
    expect(results.filter(({ stands }) => stands)).toEqual([])
    expect(results[0]!.detail).toContain('vsock')
  })

  it('are all stopped by the filter alone', async () => {
    const results = await attackWall('filter', sandbox, ATTACKS.filter)
    expect(results.filter(({ stands }) => !stands)).toEqual([])
    expect(results).toHaveLength(ATTACKS.filter.length)
  })

  it('are all stopped by the second wall alone', async () => {
    const results = await attackWall('inner', sandbox, ATTACKS.inner)
    expect(results.filter(({ stands }) => !stands)).toEqual([])
    expect(results).toHaveLength(ATTACKS.inner.length)
  })
})

describe('each flag of the second wall', () => {
  const alone = (flag: string): string[] => INNER_WALL.filter((each) => each === flag)

  /** Runs a text behind some flags alone; resolves with what it sends. */
  function answerOf(flags: readonly string[], text: string): Promise<unknown> {
    const child = spawnClean(sandbox.node, nodeArguments(flags, MEMORY_BYTES), {})
    children.push(child)
    child.stdin!.end(`try { process.send({ got: String(await (async () => { ${text} })()) }) }
      catch (error) { process.send({ code: error.code ?? error.name }) }`)
    return new Promise((resolve) => {
      child.once('message', resolve)
      child.once('exit', (code, signal) => resolve({ code: signal ?? code }))
    })
  }

  it.each([
    ['--permission', `return (await import('node:fs')).readdirSync('/').length`],
    ['--no-addons', `process.dlopen({ exports: {} }, '/none')`],
    ['--no-experimental-sqlite', `new (await import('node:sqlite')).DatabaseSync(':memory:')`],
    ['--no-experimental-webstorage', `return localStorage.length`],
    ['--disallow-code-generation-from-strings', `return new Function('return 1')()`],
    ['--freeze-flags-after-init', `(await import('node:v8')).setFlagsFromString('--no-opt')`],
  ])('%s stops by itself what it is there for', async (flag, text) => {
    const [stopped, reached] = [await answerOf(alone(flag), text), await answerOf([], text)]
    expect(stopped).toMatchObject({ code: expect.anything() })
    expect(stopped).not.toEqual(reached)
  })

  it('--disable-sigusr1 keeps the inspector shut', async () => {
    const text = `process.once('SIGUSR2', () => process.send({ got: 'alive' }))
      process._debugProcess(process.pid); await new Promise((done) => setTimeout(done, 300))
      return (await import('node:inspector')).url()`
    expect(await answerOf(alone('--disable-sigusr1'), text)).toEqual({ got: 'undefined' })
    expect(await answerOf([], text)).toMatchObject({ got: expect.stringContaining('ws://') })
  })
})

describe('the first wall without the filter', () => {
  it('makes no user namespace inside', async () => {
    const [clone, exit] = process.arch === 'x64' ? [56, 231] : [220, 94]
    const text = `const ffi = await import('node:ffi')
      const i64 = Array.from({ length: 7 }, () => 'i64')
      const { functions } = ffi.dlopen('libc.so.6', { syscall: { arguments: i64, return: 'i64' } })
      const call = (...args) => functions.syscall(...Array.from({ length: 7 }, (_, n) => BigInt(args[n] ?? 0)))
      const made = call(${clone}, ${0x1000_0000 + 17})
      if (made === 0n) call(${exit}, 0)
      process.send(made > 0n ? 'made one' : 'none')`
    const answerBehind = (walls: string[]): Promise<unknown> => {
      const child = spawnInSandbox(
        { ...sandbox, filter: undefined },
        nodeArguments([], MEMORY_BYTES),
        {
          walls,
        },
      )
      children.push(child)
      child.stdin!.end(text)
      return new Promise((resolve) => child.once('message', resolve))
    }
    const walls = bubblewrapArguments(sandbox)
    expect(await answerBehind(walls)).toBe('none')
    const holed = walls.filter((arg) => arg !== '--disable-userns')
    expect(await answerBehind(holed)).toBe('made one')
  })
})

describe('probeSandbox', () => {
  it('reports every wall with what it stopped', async () => {
    const rows = await probeSandbox()
    expect(rows.filter(({ stands }) => !stands)).toEqual([])
    expect(rows.map(({ name }) => name)).toContain('first wall: connect over TCP')
    expect(rows.at(-1)).toMatchObject({ name: 'all walls' })
  })
})

describe('the program in the child', () => {
  const noFilter = assemble([verdict(0x7fff_0000)])

  /** Starts it behind these walls; resolves with its exit code, or `standing`. */
  async function startBehind(
    bubblewrap: string[] | undefined,
    wall: readonly string[],
    filter: Uint8Array | undefined = sandbox.filter,
  ): Promise<unknown> {
    const node = nodeArguments(wall, MEMORY_BYTES)
    const child =
      bubblewrap === undefined
        ? spawnClean(sandbox.node, node, {})
        : spawnInSandbox({ ...sandbox, filter }, node, { walls: bubblewrap })
    children.push(child)
    child.stdin!.end(await programText('child-program'))
    return new Promise((resolve) => {
      child.on('exit', resolve)
      child.on('message', (message: { type: string }) => resolve(message.type))
    })
  }

  it('stands behind all walls', async () => {
    expect(await startBehind(bubblewrapArguments(sandbox), INNER_WALL)).toBe('standing')
  })

  it('ends with its own exit code without the first wall', async () => {
    expect(await startBehind(undefined, INNER_WALL)).toBe(97)
  })

  it('ends with its own exit code without the second wall', async () => {
    expect(await startBehind(bubblewrapArguments(sandbox), [])).toBe(97)
  })

  it('ends with its own exit code behind a filter that lets everything through', async () => {
    expect(await startBehind(bubblewrapArguments(sandbox), INNER_WALL, noFilter)).toBe(97)
  })

  it.each(['--allow-fs-read=/etc', '--allow-child-process', '--allow-net'])(
    'ends with its own exit code when the second wall has the hole %s',
    async (hole) => {
      expect(await startBehind(bubblewrapArguments(sandbox), [...INNER_WALL, hole])).toBe(97)
    },
  )

  it('ends with its own exit code when it sees the network of the host', async () => {
    const holed = bubblewrapArguments(sandbox).filter((arg) => arg !== '--unshare-net')
    expect(await startBehind(holed, INNER_WALL, noFilter)).toBe(97)
  })

  it.each([
    [
      'the processes of the host',
      (args: string[]) => args.filter((arg) => arg !== '--unshare-pid'),
    ],
    ['another user', (args: string[]) => [...args, '--uid', '1']],
  ])('ends with its own exit code when the first wall lets it have %s', async (_, alter) => {
    expect(await startBehind(alter(bubblewrapArguments(sandbox)), INNER_WALL)).toBe(97)
  })

  it('ends with its own exit code when it finds a variable', async () => {
    const holed = [...bubblewrapArguments(sandbox), '--setenv', 'HOME', '/root']
    expect(await startBehind(holed, INNER_WALL)).toBe(97)
  })
})

describe('outerWallFaults', () => {
  /** Starts Node behind a first wall that was altered and looks at it from outside. */
  async function faultsOf(
    alter: (args: string[]) => string[],
    started: Sandbox = { ...sandbox, startsAsNobody: false },
  ): Promise<string[]> {
    const idle = 'setInterval(() => {}, 1e6); process.send(1)'
    const walls = alter(bubblewrapArguments(sandbox))
    const child = spawnInSandbox(started, ['--eval', idle], { walls })
    children.push(child)
    await new Promise((resolve, reject) => {
      child.on('message', resolve)
      child.stderr!.on('data', (chunk: Buffer) => reject(new Error(chunk.toString())))
    })
    return outerWallFaults(findProcesses(child.pid!)!, { ...sandbox, startsAsNobody: false })
  }

  const without =
    (...flags: string[]) =>
    (args: string[]) =>
      args.filter((arg) => !flags.includes(arg))

  it('finds none in the wall as it is', async () => {
    expect(await faultsOf((args) => args)).toEqual([])
  })

  it.each([
    ['net', ['--unshare-net']],
    ['ipc', ['--unshare-ipc']],
    ['uts', ['--unshare-uts', '--hostname', 'sandbox']],
  ])('names a shared %s namespace', async (name, flags) => {
    expect(await faultsOf(without(...flags))).toEqual([
      `it shares the ${name} namespace of the host`,
    ])
  })

  it('names a file system that can be written to', async () => {
    const faults = await faultsOf((args) => args.toSpliced(args.lastIndexOf('--remount-ro'), 2))
    expect(faults).toEqual(['it may write to /'])
  })

  it('names what it sees of the host', async () => {
    const faults = await faultsOf((args) => ['--ro-bind', '/etc', '/etc', ...args])
    expect(faults).toEqual(['it sees /etc'])
  })

  it('names a shared session', async () => {
    const faults = await faultsOf(without('--new-session'))
    expect(faults).toEqual(['it shares the session of the agent'])
  })

  it('names a missing filter of system calls', async () => {
    const bare = { ...sandbox, startsAsNobody: false, filter: undefined }
    expect(await faultsOf((args) => args, bare)).toEqual(['its system calls are not filtered'])
  })

  it('names capabilities', async () => {
    const faults = await faultsOf((args) => [...args, '--cap-add', 'CAP_NET_RAW'])
    expect(faults).toContain('it has capabilities (CapEff)')
  })

  it('takes a process that is gone for a wall that does not stand', () => {
    const gone = { init: 2 ** 22 + 1, node: 2 ** 22 + 1 }
    expect(outerWallFaults(gone, sandbox)).toEqual(['the process cannot be looked at'])
  })
})
