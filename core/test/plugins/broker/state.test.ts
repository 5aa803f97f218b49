// SPDX-License-Identifier: Apache-2.0
/** A plugin's own values: private, bounded, whole. */
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { state } from '../../../src/plugins/broker/state.ts'
import { temporaryFolder, type TemporaryFolder } from '../support.ts'
import { settingOf } from './setting.ts'

let folder: TemporaryFolder

beforeEach(async () => {
  folder = await temporaryFolder()
})

afterEach(() => folder[Symbol.asyncDispose]())

function store(pluginName = 'trial', maxBytes = 100) {
  const setting = settingOf({ pluginName, stateDirectory: folder.path })
  const handle = state.open({ kind: 'state', maxBytes }, setting)
  const { signal } = new AbortController()
  return (method: string, ...args: unknown[]): Promise<unknown> =>
    handle[method]!(args, signal).then(({ value }) => value)
}

describe('state', () => {
  it('keeps, replaces, lists and deletes values', async () => {
    const call = store()
    expect(await call('get', 'a')).toBeUndefined()
    expect(await call('keys')).toEqual([])
    await call('set', 'b', '1')
    await call('set', 'a', 'ä')
    await call('set', 'b', '2')
    expect(await call('get', 'b')).toBe('2')
    expect(await call('get', 'a')).toBe('ä')
    expect(await call('keys')).toEqual(['a', 'b'])
    await call('delete', 'a')
    await call('delete', 'none')
    expect(await call('keys')).toEqual(['b'])
  })

  it('is another for each plugin and outlives the handle', async () => {
    await store('one')('set', 'k', '1')
    expect(await store('two')('get', 'k')).toBeUndefined()
    expect(await store('one')('get', 'k')).toBe('1')
  })

  it('holds no more than its quota, keys included', async () => {
    const call = store('trial', 10)
    await call('set', 'a', '123456789')
    await expect(call('set', 'a', '1234567890')).rejects.toThrowCode('ERR_LIMIT')
    await expect(call('set', 'b', '')).rejects.toThrowCode('ERR_LIMIT')
    expect(await call('get', 'a')).toBe('123456789')
    await call('set', 'a', '')
    await call('set', 'b', '1234')
    expect(await call('keys')).toEqual(['a', 'b'])
  })

  it('holds its quota when many write at once', async () => {
    const call = store('trial', 10)
    const writes = Array.from({ length: 20 }, (_, at) => call('set', `k${at}`.slice(0, 2), '123'))
    const results = await Promise.allSettled(writes)
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    const keys = (await call('keys')) as string[]
    expect(keys).toHaveLength(2)
  })

  it.each([
    ['..'],
    ['.'],
    ['../x'],
    ['a/b'],
    [''],
    ['.new-1'],
    ['a\0'],
    ['x'.repeat(65)],
    ['ä'],
    [7],
  ])('has no key of another form (%#)', async (key) => {
    const call = store()
    await expect(call('get', key)).rejects.toThrowCode('ERR_ARGUMENT_FORM')
    await expect(call('set', key, '')).rejects.toThrowCode('ERR_ARGUMENT_FORM')
    await expect(call('delete', key)).rejects.toThrowCode('ERR_ARGUMENT_FORM')
  })

  it('takes texts only', async () => {
    await expect(store()('set', 'a', 7)).rejects.toThrowCode('ERR_ARGUMENT_FORM')
    await expect(store()('set', 'a')).rejects.toThrowCode('ERR_ARGUMENT_FORM')
  })

  it('is readable by the agent alone', async () => {
    await store()('set', 'a', '1')
    const path = join(folder.path, 'plugin-state', 'trial')
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, 'a'))).mode & 0o777).toBe(0o600)
  })

  it('removes what a crash left behind and never shows it', async () => {
    const call = store()
    await call('set', 'a', '1')
    const path = join(folder.path, 'plugin-state', 'trial')
    await writeFile(join(path, '.new-left'), 'x'.repeat(1_000))
    expect(await call('keys')).toEqual(['a'])
    await call('set', 'b', '1')
    expect((await readdir(path)).sort()).toEqual(['a', 'b'])
  })

  it('does not follow a link in place of a value or of its folder', async () => {
    await writeFile(join(folder.path, 'secret'), 'secret')
    await mkdir(join(folder.path, 'plugin-state', 'trial'), { recursive: true })
    await symlink(join(folder.path, 'secret'), join(folder.path, 'plugin-state', 'trial', 'a'))
    await expect(store()('get', 'a')).rejects.toThrowCode('ERR_STATE')
    await symlink(folder.path, join(folder.path, 'plugin-state', 'other'))
    await expect(store('other')('set', 'a', '1')).rejects.toThrowCode('ERR_STATE')
  })
})
