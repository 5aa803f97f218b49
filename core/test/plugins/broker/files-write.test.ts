// SPDX-License-Identifier: Apache-2.0
/** What a plugin may write, and all the ways around it that are closed. */
import { execFileSync, spawn } from 'node:child_process'
import { renameSync, symlinkSync } from 'node:fs'
import {
  chmod,
  chown,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesWrite } from '../../../src/plugins/broker/files-write.ts'
import { removeFile, replaceFile } from '../../../src/plugins/broker/write-file.ts'
import { codeOf, hostForTest, pluginOf, temporaryFolder, type TemporaryFolder } from '../support.ts'
import { settingOf } from './setting.ts'

let folder: TemporaryFolder
let root: string

beforeEach(async () => {
  folder = await temporaryFolder()
  root = folder.path
  await mkdir(join(root, 'open/inner/sub'), { recursive: true })
  await mkdir(join(root, 'closed/sub'), { recursive: true })
  await mkdir(join(root, 'agent'))
  await writeFile(join(root, 'open/a.txt'), 'old')
  await writeFile(join(root, 'closed/secret'), 'secret')
})

afterEach(() => folder[Symbol.asyncDispose]())

interface Call {
  readonly args: readonly unknown[]
  readonly paths?: readonly string[]
  readonly maxBytes?: number
  readonly bound?: string
}

async function call(method: string, { args, paths, maxBytes = 100, bound }: Call): Promise<void> {
  const setting = settingOf(
    { stateDirectory: join(root, 'agent') },
    bound === undefined ? {} : { exports: { kind: 'folder', path: bound } },
  )
  const permission = { kind: 'files.write', paths: paths ?? [`${root}/open/**`], maxBytes } as const
  await filesWrite.open(permission, setting)[method]!(args, new AbortController().signal)
}

const write = (path: unknown, content: unknown = 'new', more: Partial<Call> = {}): Promise<void> =>
  call('write', { args: [path, content], ...more })
const remove = (path: unknown, more: Partial<Call> = {}): Promise<void> =>
  call('remove', { args: [path], ...more })

describe('writing', () => {
  it('makes a private file, of text or of bytes', async () => {
    await write(`${root}/open/inner/b.txt`, 'grüße\0')
    expect(await readFile(`${root}/open/inner/b.txt`, 'utf8')).toBe('grüße\0')
    expect((await stat(`${root}/open/inner/b.txt`)).mode & 0o7777).toBe(0o600)
    await write(`${root}/open/c`, { $bytes: Buffer.from([0, 255]).toString('base64url') })
    expect(await readFile(`${root}/open/c`)).toEqual(Buffer.from([0, 255]))
    expect(await readdir(`${root}/open/inner`)).toEqual(['b.txt', 'sub'])
  })

  it('replaces a file whole, with the mode and the owner it had', async () => {
    await chmod(`${root}/open/a.txt`, 0o640)
    const isRoot = process.geteuid!() === 0
    if (isRoot) await chown(`${root}/open/a.txt`, 12_345, 12_346)
    const before = await stat(`${root}/open/a.txt`)
    await write(`${root}/open/a.txt`)
    const after = await stat(`${root}/open/a.txt`)
    expect(await readFile(`${root}/open/a.txt`, 'utf8')).toBe('new')
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(after.ino).not.toBe(before.ino)
  })

  it('hands on no set-user-id', async () => {
    await chmod(`${root}/open/a.txt`, 0o6755)
    await write(`${root}/open/a.txt`)
    expect((await stat(`${root}/open/a.txt`)).mode & 0o7777).toBe(0o755)
  })

  it('leaves readers of the old content with the old content', async () => {
    await using reader = await open(`${root}/open/a.txt`)
    await write(`${root}/open/a.txt`)
    expect(await reader.readFile('utf8')).toBe('old')
  })

  it('removes a file, and one that is not there', async () => {
    await remove(`${root}/open/a.txt`)
    await remove(`${root}/open/a.txt`)
    expect(await readdir(`${root}/open`)).toEqual(['inner'])
  })

  it('stays below a bound folder and says its name only', async () => {
    const bound = { bound: `${root}/open`, paths: ['@exports/**'] }
    await write('@exports/inner/x.json', '{}', bound)
    expect(await readFile(`${root}/open/inner/x.json`, 'utf8')).toBe('{}')
    await symlink(`${root}/closed`, `${root}/open/out`)
    for (const path of ['@exports/none/x', '@exports/inner', '@exports/out/x', '@exports']) {
      const message = await write(path, 'x', bound).catch((error: Error) => error.message)
      expect(message).toContain(path)
      expect(message).not.toContain(root)
    }
  })
})

describe('the approved scope', () => {
  it.each([
    ['another folder', () => `${root}/closed/secret`],
    ['a new file elsewhere', () => `${root}/closed/none`],
    ['a folder elsewhere that does not exist', () => `${root}/none/none`],
    ['a path with ..', () => `${root}/open/../closed/secret`],
    ['a path with an empty segment', () => `${root}//open/a.txt`],
    ['a relative path', () => 'open/a.txt'],
    ['a path by way of a link', () => `${root}/open/out/secret`],
    ['a path by way of a process', () => `/proc/${process.pid}/root${root}/closed/secret`],
    ['the root', () => '/'],
    ['a bound folder it does not name', () => '@exports/a'],
  ])('does not cover %s', async (_, path) => {
    await symlink(`${root}/closed`, `${root}/open/out`)
    await expect(write(path())).rejects.toThrowCode('ERR_HANDLE_DENIED')
    await expect(remove(path())).rejects.toThrowCode('ERR_HANDLE_DENIED')
    expect(await readFile(`${root}/closed/secret`, 'utf8')).toBe('secret')
    expect(await readdir(`${root}/closed`)).toEqual(['secret', 'sub'])
  })

  it('never covers the state of the agent, whatever was approved', async () => {
    const all = { paths: [`${root}/**`, '@exports/**'], bound: root }
    for (const path of [`${root}/agent/keys.json`, '@exports/agent/keys.json']) {
      await expect(write(path, 'x', all)).rejects.toThrowCode('ERR_HANDLE_DENIED')
    }
    expect(await readdir(`${root}/agent`)).toEqual([])
  })

  it('is not left through a path that another permission approves', async () => {
    await symlink(`${root}/closed`, `${root}/open/out`)
    const both = { bound: `${root}/open`, paths: ['@exports/**', `${root}/closed/**`] }
    await expect(write('@exports/out/secret', 'x', both)).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('has a size', async () => {
    await write(`${root}/open/just`, 'x'.repeat(100))
    await expect(write(`${root}/open/more`, 'x'.repeat(101))).rejects.toThrowCode('ERR_LIMIT')
    await expect(write(`${root}/open/more`, 'ü'.repeat(51))).rejects.toThrowCode('ERR_LIMIT')
    expect(await readdir(`${root}/open`)).not.toContain('more')
    const large = { maxBytes: 16_777_216 }
    const text = 'x'.repeat(1_048_577)
    await expect(write(`${root}/open/more`, text, large)).rejects.toThrowCode('ERR_LIMIT')
  })

  it.each([[undefined], [7], [{}], [['a']], [{ $bytes: 'not base64url!' }]])(
    'has no place for something else as content (%#)',
    async (content) => {
      await expect(write(`${root}/open/x`, content ?? null)).rejects.toThrowCode(
        'ERR_ARGUMENT_FORM',
      )
    },
  )
})

describe('what is no plain file', () => {
  it('is neither replaced nor removed: link, pipe, folder, second name', async () => {
    await symlink(`${root}/closed/secret`, `${root}/open/link`)
    await symlink(`${root}/open/a.txt`, `${root}/open/inside`)
    await link(`${root}/closed/secret`, `${root}/open/hard`)
    execFileSync('mkfifo', [`${root}/open/pipe`])
    for (const name of ['link', 'inside', 'hard', 'pipe', 'inner']) {
      await expect(write(`${root}/open/${name}`)).rejects.toThrowCode('ERR_FILE_WRITE')
      await expect(remove(`${root}/open/${name}`)).rejects.toThrowCode('ERR_FILE_WRITE')
    }
    await expect(write('/dev/null', 'x', { paths: ['/dev/*'] })).rejects.toThrowCode(
      'ERR_FILE_WRITE',
    )
    expect(await readFile(`${root}/closed/secret`, 'utf8')).toBe('secret')
    expect(await readFile(`${root}/open/a.txt`, 'utf8')).toBe('old')
    expect(await readdir(`${root}/open`)).toHaveLength(6)
  })
})

describe('a folder that moves while it is written to', () => {
  /** Approves what lies below open/, and does something to the folders after the count-th check. */
  function checkThen(count: number, then: () => void): (resolved: string) => void {
    let checks = 0
    return (resolved) => {
      if (!resolved.startsWith(`${root}/open/`)) {
        throw Object.assign(new Error('denied'), { code: 'ERR_HANDLE_DENIED' })
      }
      if (++checks === count) then()
    }
  }

  const swap = (): void => {
    renameSync(`${root}/open/inner`, `${root}/open/kept`)
    symlinkSync(`${root}/closed`, `${root}/open/inner`)
  }
  const moveOut = (): void => renameSync(`${root}/open/inner/sub`, `${root}/closed/moved`)
  const { signal } = new AbortController()

  it('is left alone when it was swapped for a link before it was opened', async () => {
    await writeFile(`${root}/closed/sub/f`, 'kept')
    const path = `${root}/open/inner/sub/f`
    const asked = { name: path, path, check: checkThen(1, swap) }
    await expect(replaceFile(asked, new Uint8Array(1), signal)).rejects.toThrowCode(
      'ERR_HANDLE_DENIED',
    )
    renameSync(`${root}/open/kept`, `${root}/open/again`)
    expect(await readFile(`${root}/closed/sub/f`, 'utf8')).toBe('kept')
    expect(await readdir(`${root}/closed/sub`)).toEqual(['f'])
  })

  it('keeps what it had when it was swapped for a link after it was opened', async () => {
    await writeFile(`${root}/closed/sub/f`, 'kept')
    const path = `${root}/open/inner/sub/f`
    const asked = { name: path, path, check: checkThen(2, swap) }
    await replaceFile(asked, Buffer.from('new'), signal)
    expect(await readFile(`${root}/closed/sub/f`, 'utf8')).toBe('kept')
    expect(await readFile(`${root}/open/kept/sub/f`, 'utf8')).toBe('new')
  })

  it('gets no file when it was moved out after it was opened, and loses none', async () => {
    await writeFile(`${root}/open/inner/sub/f`, 'kept')
    const path = `${root}/open/inner/sub/f`
    const asked = { name: path, path, check: checkThen(2, moveOut) }
    await expect(replaceFile(asked, new Uint8Array(1), signal)).rejects.toThrowCode(
      'ERR_HANDLE_DENIED',
    )
    renameSync(`${root}/closed/moved`, `${root}/open/inner/sub`)
    const again = { name: path, path, check: checkThen(2, moveOut) }
    await expect(removeFile(again, signal)).rejects.toThrowCode('ERR_HANDLE_DENIED')
    expect(await readdir(`${root}/closed/moved`)).toEqual(['f'])
    expect(await readFile(`${root}/closed/moved/f`, 'utf8')).toBe('kept')
  })

  it('leads nowhere else, however often it is swapped', async () => {
    await writeFile(`${root}/closed/sub/f`, 'kept')
    const script = `const { renameSync, rmSync, symlinkSync } = require('node:fs')
      process.chdir(process.argv[1])
      for (;;) {
        renameSync('open/inner', 'open/kept')
        symlinkSync('../closed', 'open/inner')
        rmSync('open/inner')
        renameSync('open/kept', 'open/inner')
      }`
    const swapping = spawn(process.execPath, ['-e', script, root], { stdio: 'ignore' })
    let count = 0
    for (let round = 0; round < 300; round += 1) {
      await write(`${root}/open/inner/sub/f`).then(
        () => (count += 1),
        () => {},
      )
    }
    swapping.kill('SIGKILL')
    await new Promise((done) => swapping.on('close', done))
    expect(count).toBeGreaterThan(0)
    expect(await readFile(`${root}/closed/sub/f`, 'utf8')).toBe('kept')
    expect(await readdir(`${root}/closed/sub`)).toEqual(['f'])
  })
})

describe('a run that is over', () => {
  it('changes nothing any more', async () => {
    const path = `${root}/open/a.txt`
    const asked = { name: path, path, check: () => {} }
    const over = AbortSignal.abort(Object.assign(new Error('over'), { code: 'ERR_RUN_OVER' }))
    await expect(replaceFile(asked, new Uint8Array(1), over)).rejects.toThrowCode('ERR_RUN_OVER')
    await expect(removeFile(asked, over)).rejects.toThrowCode('ERR_RUN_OVER')
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(`${root}/open`)).toEqual(['a.txt', 'inner'])
  })
})

describe('a plugin in its sandbox', () => {
  it('writes and reads below the bound folder and nowhere else', async () => {
    const bound = { kind: 'folder', path: `${root}/open` } as const
    await using host = await hostForTest({
      bindings: { find: (_, name) => (name === 'exports' ? bound : undefined) },
    })
    const permissions = {
      out: { kind: 'files.write', paths: ['@exports/**'], maxBytes: 1_048_576 },
      back: { kind: 'files.read', paths: ['@exports/**'] },
    } as const
    const plugin = pluginOf({
      jobs: {
        write: {
          permissions,
          body: `await use.out.write(input.path, new Uint8Array([104, 105]))
            const text = await use.back.text(input.path)
            await use.out.remove('@exports/a.txt')
            await use.out.write('@exports/large', new Uint8Array(1_048_576).fill(255))
            return { text, left: await use.back.list('@exports') }`,
        },
      },
    })
    const done = await host.run(plugin, 'write', { path: '@exports/b.txt' })
    const left = ['@exports/b.txt', '@exports/inner', '@exports/large']
    expect(done).toMatchObject({ state: 'done', output: { text: 'hi', left } })
    expect(done.events.map(({ target, outcome }) => `${target} ${outcome}`)).toContain(
      '@exports/b.txt ok',
    )
    const denied = await host.run(plugin, 'write', { path: `${root}/closed/b.txt` })
    expect(codeOf(denied)).toBe('ERR_HANDLE_DENIED')
    expect(await readdir(`${root}/closed`)).toEqual(['secret', 'sub'])
  })
})
