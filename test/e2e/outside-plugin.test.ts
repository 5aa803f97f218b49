// SPDX-License-Identifier: Apache-2.0
/** The plugin guide as a script: from nothing to a signed result, outside the repository, by its own commands alone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { ROOT, sallyport, sallyportJson, start, temporaryFolder } from '../support/programs.ts'

const SLOW_MS = 300_000
const COMMAND_MS = 90_000
const scope = new AsyncDisposableStack()
let home: string
let env: Record<string, string>
/** The blocks of commands in the guide, in order. */
let blocks: string[][]

interface Ran {
  readonly line: string
  readonly exitCode: number | null
  readonly output: string
}

beforeAll(async () => {
  const guide = await readFile(join(ROOT, 'docs/plugin-guide.md'), 'utf8')
  blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block.trim().split('\n'),
  )
  home = scope.use(await temporaryFolder()).path
  const passphrase = join(home, 'passphrase')
  await writeFile(
    passphrase,
    '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
    { mode: 0o600 },
  )
  const withPassphrase = ['--passphrase-file', passphrase]
  await sallyportJson(['init', ...withPassphrase], { home })
  const hub = scope.use(await start(['hub', 'start', '--port', '0'], { home }))
  const url = String(hub.ready['url'])
  const args = ['agent', 'code', 'pve1', '--hub', url, ...withPassphrase]
  const { code } = await sallyportJson<{ code: string }>(args, { home })
  await sallyportJson(['agent', 'enrol', code, '--hub', url], { home })
  scope.use(await start(['agent', 'start'], { home }))
  const bin = join(home, 'bin')
  await mkdir(bin)
  await symlink(join(ROOT, 'cli/bin/sallyport'), join(bin, 'sallyport'))
  env = {
    ...outsideNpm(process.env),
    PATH: [bin, process.env['PATH']].join(delimiter),
    XDG_CACHE_HOME: home,
    SALLYPORT_HOME: home,
    SALLYPORT_HUB: url,
    SALLYPORT_PASSPHRASE_FILE: passphrase,
    // What npm has fetched before it does not fetch again, and a registry out of reach fails soon.
    npm_config_prefer_offline: 'true',
    npm_config_fetch_retries: '1',
  }
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

/** The environment of a person's own terminal: without what npm and Jest have set for this test. */
function outsideNpm(all: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(all).filter(
    ([name, value]) =>
      value !== undefined && !/^(npm_|jest|node_env|node_options|init_cwd)/i.test(name),
  )
  return Object.fromEntries(own) as Record<string, string>
}

/** Runs lines as a person types them; `cd` changes the folder of those that follow. Stops at the first that fails. */
async function type(
  lines: readonly string[],
  from: string,
): Promise<{ ran: Ran[]; folder: string }> {
  let folder = from
  const ran: Ran[] = []
  for (const line of lines) {
    for (const words of line.split(' && ').map((part) => part.split(' '))) {
      if (words[0] === 'cd') {
        folder = resolve(folder, words[1]!)
        continue
      }
      const each = await run(words, folder)
      ran.push({ line, ...each })
      if (each.exitCode !== 0) return { ran, folder }
    }
  }
  return { ran, folder }
}

async function run([program = '', ...args]: string[], cwd: string): Promise<Omit<Ran, 'line'>> {
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_MS,
  })
  let output = ''
  const hear = (text: string): void => void (output += text)
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (exitCode) => done({ exitCode, output }))
  })
}

describe('the plugin guide', () => {
  let ran: Ran[]
  let folder: string
  const outputOf = (start: string): string => ran.find(({ line }) => line.startsWith(start))!.output

  it('takes at most ten commands from nothing to an approved plugin', () => {
    expect(blocks[0]!.length).toBeLessThanOrEqual(10)
    expect(blocks[0]!.findIndex((line) => line.includes('plugin approve'))).toBeGreaterThan(0)
  })

  it(
    'leads to a signed result of an agent, every line run as it stands',
    async () => {
      ;({ ran, folder } = await type(blocks[0]!, home))
      expect(ran.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
      expect(ran.map(({ line }) => line)).toEqual(blocks[0])
      expect(outputOf('sallyport job run')).toMatch(/result signed by pve1/)
      expect(outputOf('npm test')).toMatch(/^. fail 0$/m)
      expect(outputOf('sallyport plugin dev')).toContain('used    proc.text /proc/uptime')
      expect(outputOf('sallyport plugin inspect')).toContain('/proc/uptime')
    },
    SLOW_MS,
  )

  it(
    'shows in its other blocks only commands that run as well',
    async () => {
      const others = await type(blocks.slice(1).flat(), folder)
      expect(others.ran.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
      expect(others.ran.length).toBeGreaterThan(2)
    },
    SLOW_MS,
  )

  it(
    'made a folder that stands outside the repository and type-checks',
    async () => {
      expect(folder.startsWith(ROOT)).toBe(false)
      expect(await readdir(join(folder, 'node_modules/@sallyport/sdk'))).not.toContain('src')
      expect((await run(['npm', 'run', 'check'], folder)).exitCode).toBe(0)
    },
    SLOW_MS,
  )

  it(
    'left an audit log by which the rights of the plugin were used',
    async () => {
      const bundle = join(folder, 'dist/uptime-0.1.0.spb')
      const args = ['plugin', 'unused', bundle, '--state-dir', join(home, 'agent')]
      expect(await sallyportJson(args, { home })).toMatchObject({
        lookedAt: { from: 'audit', runs: { read: 1 } },
        unused: [],
        notRun: [],
      })
      expect((await sallyport(args, { home })).stdout).toContain('not every path or route')
    },
    SLOW_MS,
  )
})
