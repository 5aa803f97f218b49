// SPDX-License-Identifier: Apache-2.0
/** What a plugin may read, and all the ways around it that are closed. */
import { execFileSync } from 'node:child_process'
import { renameSync, symlinkSync } from 'node:fs'
import { link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesRead } from '../../../src/plugins/broker/files-read.ts'
import { listFolder, readWholeFile } from '../../../src/plugins/broker/open-file.ts'
import { temporaryFolder, type TemporaryFolder } from '../support.ts'
import { settingOf } from './setting.ts'

let folder: TemporaryFolder
let root: string

beforeEach(async () => {
  folder = await temporaryFolder()
  root = folder.path
  await mkdir(join(root, 'open/inner'), { recursive: true })
  await mkdir(join(root, 'closed'))
  await mkdir(join(root, 'agent'))
  await writeFile(join(root, 'open/a.txt'), 'a')
  await writeFile(join(root, 'open/inner/b.txt'), 'b')
  await writeFile(join(root, 'closed/secret'), 'secret')
  await writeFile(join(root, 'agent/keys.json'), 'keys')
})

afterEach(() => folder[Symbol.asyncDispose]())

function call(method: string, path: unknown, paths = [`${root}/open/**`]): Promise<unknown> {
  const permission = { kind: 'files.read', paths } as const
  const setting = settingOf({ stateDirectory: join(root, 'agent') })
  const handle = filesRead.open(permission, setting)
  const { signal } = new AbortController()
  return handle[method]!([path], signal).then(({ value }) => value)
}

describe('reading', () => {
  it('gives text, bytes and sorted absolute paths', async () => {
    expect(await call('text', `${root}/open/a.txt`)).toBe('a')
    expect(await call('bytes', `${root}/open/inner/b.txt`)).toEqual(new Uint8Array([98]))
    expect(await call('list', `${root}/open`)).toEqual([`${root}/open/a.txt`, `${root}/open/inner`])
  })

  it('reads files that tell no size', async () => {
    expect(await call('text', '/proc/uptime', ['/proc/uptime'])).toMatch(/^\d+\.\d+ /)
    expect(await call('list', '/proc/sys/kernel/random', ['/proc/sys/kernel/random'])).toContain(
      '/proc/sys/kernel/random/uuid',
    )
  })

  it('follows links whose end is approved', async () => {
    await symlink(`${root}/open/a.txt`, `${root}/closed/link`)
    expect(await call('text', `${root}/closed/link`)).toBe('a')
  })

  it('shows a folder that does not exist as empty and misses a file that does not exist', async () => {
    expect(await call('list', `${root}/open/none`)).toEqual([])
    await expect(call('text', `${root}/open/none`)).rejects.toThrowCode('ERR_FILE_NOT_FOUND')
  })

  it('reads what the whole host sees of mounts', async () => {
    expect(await call('text', '/proc/mounts', ['/proc/self/mounts'])).toContain(' / ')
  })
})

describe('the approved scope', () => {
  it.each([
    ['another file', () => `${root}/closed/secret`],
    ['a file that does not exist elsewhere', () => `${root}/closed/none`],
    ['a folder above', () => root],
    ['a path with ..', () => `${root}/open/../closed/secret`],
    ['a path with .', () => `${root}/open/./a.txt`],
    ['a path with an empty segment', () => `${root}//open/a.txt`],
    ['a relative path', () => 'open/a.txt'],
    ['a path by way of /proc/self/root', () => `/proc/self/root${root}/closed/secret`],
    ['a path by way of a process', () => `/proc/${process.pid}/root${root}/closed/secret`],
    ['a path by way of a folder of a process', () => `/proc/${process.pid}/cwd`],
  ])('does not cover %s', async (_, path) => {
    await expect(call('text', path())).rejects.toThrowCode('ERR_HANDLE_DENIED')
    await expect(call('list', path())).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('does not cover what a link leads to', async () => {
    await symlink(`${root}/closed/secret`, `${root}/open/link`)
    await symlink(`${root}/closed`, `${root}/open/folder`)
    await expect(call('text', `${root}/open/link`)).rejects.toThrowCode('ERR_HANDLE_DENIED')
    await expect(call('text', `${root}/open/folder/secret`)).rejects.toThrowCode(
      'ERR_HANDLE_DENIED',
    )
    await expect(call('list', `${root}/open/folder`)).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('says where a link leads and what would allow it', async () => {
    await symlink(`${root}/closed/secret`, `${root}/open/link`)
    await expect(call('text', `${root}/open/link`)).rejects.toThrow(
      `'${root}/open/link' leads to '${root}/closed/secret', which is outside ${root}/open/**; ` +
        `files.read('${root}/open/**', '${root}/closed/secret') would allow it`,
    )
  })

  it.each([
    ['memory of the agent', () => `/proc/${process.pid}/mem`],
    ['environment of the agent', () => '/proc/self/environ'],
    ['open files of the agent', () => '/proc/self/fd'],
    ['another process', () => '/proc/1/environ'],
    ['a thread', () => '/proc/thread-self/status'],
    ['memory of the kernel', () => '/proc/kcore'],
    ['messages of the kernel', () => '/proc/kmsg'],
    ['the state of the agent', () => `${root}/agent/keys.json`],
    ['the state folder of the agent', () => `${root}/agent`],
  ])('never covers %s, whatever was approved', async (_, path) => {
    const everything = ['/proc/**', '/proc/self/**', `${root}/**`]
    await expect(call('text', path(), everything)).rejects.toThrowCode('ERR_HANDLE_DENIED')
    await expect(call('list', path(), everything)).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it.each([[undefined], [7], [{}], [['/']], ['a\0b'], ['x'.repeat(5_000)]])(
    'has no place for something else as a path (%#)',
    async (path) => {
      await expect(call('text', path)).rejects.toThrowCode('ERR_ARGUMENT_FORM')
    },
  )
})

describe('a bound folder', () => {
  function below(method: string, path: string, paths = ['@exports/**']): Promise<unknown> {
    const setting = settingOf(
      { stateDirectory: join(root, 'agent') },
      { exports: { kind: 'folder', path: `${root}/open` } },
    )
    const handle = filesRead.open({ kind: 'files.read', paths }, setting)
    return handle[method]!([path], new AbortController().signal).then(({ value }) => value)
  }

  it('is read under its name, and the plugin never learns where it is', async () => {
    expect(await below('text', '@exports/a.txt')).toBe('a')
    expect(await below('list', '@exports')).toEqual(['@exports/a.txt', '@exports/inner'])
    expect(await below('list', '@exports/inner')).toEqual(['@exports/inner/b.txt'])
    expect(await below('list', '@exports/none')).toEqual([])
    const paths = ['@exports/none', '@exports/inner', '@exports/link']
    await symlink(`${root}/closed/secret`, `${root}/open/link`)
    for (const path of paths) {
      const message = await below('text', path).catch((error: Error) => error.message)
      expect(message).toContain(path)
      expect(message).not.toContain(root)
    }
  })

  it.each([
    ['a link out of it', '@exports/link', undefined],
    ['a link out of it, though its end is approved by another path', '@exports/link', 'closed/**'],
    ['a path with ..', '@exports/../closed/secret', undefined],
    ['another glob', '@exports/a.txt', '@exports/*.json'],
    ['another name', '@other/a.txt', undefined],
    ['a name that stands for something else', '@Exports/a.txt', undefined],
  ])('does not open %s', async (_, path, more) => {
    await symlink(`${root}/closed/secret`, `${root}/open/link`)
    const paths = more?.startsWith('@') ? [more] : ['@exports/**', `${root}/${more ?? 'none'}`]
    await expect(below('text', path, paths)).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('is not opened by its real path', async () => {
    await expect(below('text', `${root}/open/a.txt`)).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('never shows the state of the agent, also when it lies inside', async () => {
    const setting = settingOf(
      { stateDirectory: join(root, 'agent') },
      { exports: { kind: 'folder', path: root } },
    )
    const handle = filesRead.open({ kind: 'files.read', paths: ['@exports/**'] }, setting)
    const { signal } = new AbortController()
    const reading = handle['text']!(['@exports/agent/keys.json'], signal)
    await expect(reading).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('is missed when nothing is bound to the name', async () => {
    const setting = settingOf()
    const handle = filesRead.open({ kind: 'files.read', paths: ['@exports/**'] }, setting)
    const reading = handle['text']!(['@exports/a.txt'], new AbortController().signal)
    await expect(reading).rejects.toThrowCode('ERR_NOT_BOUND')
  })
})

describe('the bounds', () => {
  it('refuses a file that is too large, also one that never ends', async () => {
    await writeFile(`${root}/open/large`, Buffer.alloc(1_048_577))
    await expect(call('bytes', `${root}/open/large`)).rejects.toThrowCode('ERR_LIMIT')
    await writeFile(`${root}/open/just`, Buffer.alloc(1_048_576))
    expect(await call('bytes', `${root}/open/just`)).toHaveLength(1_048_576)
  })

  it('opens no pipe, socket, device or folder as a file', async () => {
    execFileSync('mkfifo', [`${root}/open/pipe`])
    const server = createServer().listen(`${root}/open/socket`)
    await expect(call('text', `${root}/open/pipe`)).rejects.toThrowCode('ERR_FILE_READ')
    await expect(call('text', `${root}/open/socket`)).rejects.toThrowCode('ERR_FILE_READ')
    await expect(call('text', '/dev/zero', ['/dev/*'])).rejects.toThrowCode('ERR_FILE_READ')
    await expect(call('text', `${root}/open/inner`)).rejects.toThrowCode('ERR_FILE_READ')
    await expect(call('list', `${root}/open/a.txt`)).rejects.toThrowCode('ERR_FILE_READ')
    server.close()
  })

  it('refuses a folder with too many entries', async () => {
    await mkdir(`${root}/open/many`)
    const names = Array.from({ length: 10_001 }, (_, at) => `${root}/open/many/${at}`)
    await writeFile(names[0]!, '')
    await Promise.all(names.slice(1).map((name) => link(names[0]!, name)))
    await expect(call('list', `${root}/open/many`)).rejects.toThrowCode('ERR_LIMIT')
  })
})

describe('a folder that is swapped for a link between check and open', () => {
  /** Swaps the folder as soon as the path in it has been found good. */
  function checkAndSwap(): { check: (resolved: string) => void; seen: string[] } {
    const seen: string[] = []
    const check = (resolved: string): void => {
      seen.push(resolved)
      if (!resolved.startsWith(`${root}/open/`)) {
        throw Object.assign(new Error('denied'), { code: 'ERR_HANDLE_DENIED' })
      }
      renameSync(`${root}/open/inner`, `${root}/open/kept`)
      symlinkSync(`${root}/closed`, `${root}/open/inner`)
    }
    return { check, seen }
  }

  it('opens no file outside', async () => {
    await writeFile(join(root, 'closed/b.txt'), 'secret')
    const { check, seen } = checkAndSwap()
    const path = `${root}/open/inner/b.txt`
    const reading = readWholeFile({ name: path, path, check }, 100)
    await expect(reading).rejects.toThrowCode('ERR_HANDLE_DENIED')
    expect(seen).toEqual([`${root}/open/inner/b.txt`, `${root}/closed/b.txt`])
  })

  it('lists no folder outside', async () => {
    await mkdir(join(root, 'open/inner/folder'))
    await mkdir(join(root, 'closed/folder'))
    const { check } = checkAndSwap()
    const path = `${root}/open/inner/folder`
    const listing = listFolder({ name: path, path, check }, 100)
    await expect(listing).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })
})
