// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin dev`: the real sandbox without hub or keys, denials that teach, and another run after each change. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReadStream } from 'node:tty'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { watchFolder } from '../../src/authoring/watch-folder.ts'
import { madePlugin } from '../support/plugin-folder.ts'
import { PROGRAM, documentOf, run } from '../support/program.ts'

let scratch: string
let folder: string
let source: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sallyport-dev-test-'))
  folder = await madePlugin(scratch, 'uptime')
  source = await readFile(join(folder, 'src/index.ts'), 'utf8')
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const write = (text: string) => writeFile(join(folder, 'src/index.ts'), text)
const dev = (...args: string[]) => run(['plugin', 'dev', folder, '--once', ...args])

describe('plugin dev --once', () => {
  it('runs the one job in the sandbox and says what it used', async () => {
    const ended = await dev('--param', 'unit=days', '--json')
    expect({ ...ended, stdout: '' }).toEqual({ exitCode: 0, stderr: '', stdout: '' })
    expect(documentOf(ended)).toMatchObject({
      format: 'sallyport.plugin-dev/1',
      plugin: { name: 'uptime', version: '0.1.0', digest: expect.stringMatching(/^sha256:/) },
      job: 'read',
      state: 'done',
      output: { value: expect.any(Number), unit: 'days' },
      handles: [{ handle: 'proc', kind: 'files.read', target: '/proc/uptime', outcome: 'ok' }],
    })
  })

  it('shows a denial with the permission that would allow the call, and fails', async () => {
    await write(source.replace("text('/proc/uptime')", "text('/proc/version')"))
    const ended = await dev()
    await write(source)
    expect(ended.exitCode).toBe(1)
    expect(ended.stdout).toContain('denied  proc.text /proc/version')
    expect(ended.stdout).toContain("files.read('/proc/uptime', '/proc/version') would allow it")
    expect(ended.stdout).toContain('(ERR_HANDLE_DENIED)')
  })

  it('takes bindings from the file and from flags, and refuses a job with a name that is not bound', async () => {
    await write(
      source
        .replace("files.read('/proc/uptime')", "files.read('@logs/*.txt')")
        .replace("text('/proc/uptime')", "text('@logs/up.txt')"),
    )
    const unbound = await dev('--json')
    expect(unbound.exitCode).toBe(3)
    expect(documentOf(unbound)).toMatchObject({ refusal: { reason: 'not_bound' } })
    await writeFile(join(folder, 'up.txt'), '60.0 1.0')
    await writeFile(join(folder, 'dev-bindings.json'), '{"logs":{"kind":"folder","path":"."}}')
    expect(documentOf(await dev('--json'))).toMatchObject({ output: { value: 60 } })
    await rm(join(folder, 'dev-bindings.json'))
    const flagged = await dev('--json', '--bind', `logs=${folder}`)
    expect(documentOf(flagged)).toMatchObject({ output: { value: 60 } })
    const wrong = await dev('--json', '--bind', 'other=x')
    expect(wrong.exitCode).toBe(2)
    expect(documentOf(wrong)).toMatchObject({ error: { code: 'ERR_DEV_BINDINGS' } })
    await writeFile(join(folder, 'dev-bindings.json'), '{"logs":{"kind":"folder"}}')
    expect(documentOf(await dev('--json'))).toMatchObject({ error: { code: 'ERR_DEV_BINDINGS' } })
    const unlike = { kind: 'endpoint', url: 'http://192.0.2.1', pin: { by: 'none' } }
    await writeFile(join(folder, 'dev-bindings.json'), JSON.stringify({ logs: unlike }))
    const refused = documentOf(await dev('--json'))
    expect(JSON.stringify(refused)).toContain('plain http only to this host itself')
    await rm(join(folder, 'dev-bindings.json'))
    await write(source)
  }, 120_000)

  it('refuses what an agent would refuse, and does not know a job that is not there', async () => {
    expect((await dev('--param', 'unit=weeks')).exitCode).toBe(2)
    const unknown = await dev('--job', 'none', '--json')
    expect(unknown.exitCode).toBe(2)
    expect(documentOf(unknown)).toMatchObject({ error: { details: { read: expect.any(String) } } })
  })

  it('leaves nothing in the temporary folder', async () => {
    const own = async () =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('sallyport-dev-'))
    const before = await own()
    await dev()
    expect((await own()).filter((name) => !before.includes(name))).toEqual([])
  })
})

describe('plugin dev', () => {
  it('runs again after a change, shows a fault and goes on, and ends with 0 when it is told to', async () => {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(PROGRAM, ['plugin', 'dev', folder, '--json'], {
      env: { PATH, HOME },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(child, 'exit')
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const next = async () =>
      JSON.parse((await lines.next()).value as string) as Record<string, unknown>
    try {
      expect(await next()).toMatchObject({ state: 'done' })
      await wait(300)
      await write(source.replace('const read =', 'const read ='.repeat(2)))
      expect(await next()).toMatchObject({ error: { code: 'ERR_PLUGIN_CODE' } })
      await wait(300)
      await write(source.replace('unit: input.unit }', "unit: 'days' as const }"))
      expect(await next()).toMatchObject({ state: 'done', output: { unit: 'days' } })
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exit).toEqual([0, null])
    await write(source)
  }, 90_000)
})

describe('the keys of plugin dev', () => {
  /** A terminal's keyboard, without a terminal. */
  class Keyboard extends EventEmitter {
    isRaw = false
    setRawMode(isRaw: boolean): void {
      this.isRaw = isRaw
    }
    pause(): void {}
    press(key: string): void {
      this.emit('data', Buffer.from(key))
    }
  }

  it('r runs it again, q and Ctrl-C quit, and the terminal is given back', async () => {
    const keyboard = new Keyboard()
    for (const quit of ['q', '\x03']) {
      using wishes = watchFolder(folder, keyboard as unknown as ReadStream)
      expect(keyboard.isRaw).toBe(true)
      keyboard.press('r')
      expect(await wishes.next()).toBe('run')
      keyboard.press('x')
      keyboard.press(quit)
      expect(await wishes.next()).toBe('quit')
      expect(await wishes.next()).toBe('quit')
    }
    expect(keyboard.isRaw).toBe(false)
    expect(keyboard.listenerCount('data')).toBe(0)
  })
})
