// SPDX-License-Identifier: Apache-2.0
/** Fake handles answer, refuse and remember as real ones do. */
import { describe, expect, it } from '@jest/globals'
import { exec, files, state } from '../../src/index.ts'
import { obey } from '../../src/testing/fake.ts'
import { fakeFiles, fakeProgram, fakeState } from '../../src/testing/index.ts'

describe('fakeFiles', () => {
  const tree = {
    '/sys/class/hwmon/hwmon0': { link: '/sys/devices/x/hwmon/hwmon0' },
    '/sys/class/hwmon/escape': { link: '/etc' },
    '/sys/devices/x/hwmon/hwmon0/name': 'coretemp\n',
    '/sys/devices/x/hwmon/hwmon0/temp1_input': { code: 'ERR_FILE_READ' },
    '/etc/shadow': 'root:*',
    '/loop/a': { link: '/loop/b' },
    '/loop/b': { link: '/loop/a' },
  }
  const hwmon = files.read('/sys/class/hwmon/**', '/sys/devices/**/hwmon/**')

  it('lists a folder under the name it was asked by, sorted', async () => {
    const fake = fakeFiles(tree)[obey](hwmon)
    expect(await fake.list('/sys/class/hwmon')).toEqual([
      '/sys/class/hwmon/escape',
      '/sys/class/hwmon/hwmon0',
    ])
    expect(await fake.list('/sys/class/hwmon/hwmon0')).toEqual([
      '/sys/class/hwmon/hwmon0/name',
      '/sys/class/hwmon/hwmon0/temp1_input',
    ])
  })

  it('lists nothing where there is no folder', async () => {
    expect(await fakeFiles({})[obey](hwmon).list('/sys/class/hwmon')).toEqual([])
  })

  it('reads through a link into the permitted tree', async () => {
    const fake = fakeFiles(tree)[obey](hwmon)
    expect(await fake.text('/sys/class/hwmon/hwmon0/name')).toBe('coretemp\n')
    expect(await fake.bytes('/sys/class/hwmon/hwmon0/name')).toHaveLength(9)
  })

  it.each([
    ['/sys/class/hwmon/escape/shadow', 'ERR_HANDLE_DENIED'],
    ['/etc/shadow', 'ERR_HANDLE_DENIED'],
    ['/etc/none', 'ERR_HANDLE_DENIED'],
    ['/sys/class/hwmon/../../../etc/shadow', 'ERR_HANDLE_DENIED'],
    ['sys/class/hwmon/hwmon0/name', 'ERR_HANDLE_DENIED'],
    ['/loop/a', 'ERR_FILE_READ'],
    ['/sys/class/hwmon/hwmon0/temp1_input', 'ERR_FILE_READ'],
    ['/sys/class/hwmon/hwmon0', 'ERR_FILE_READ'],
    ['/sys/class/hwmon/hwmon0/none', 'ERR_FILE_NOT_FOUND'],
  ])('answers %s with %s', async (path, code) => {
    const fake = fakeFiles(tree)
    await expect(fake[obey](hwmon).text(path)).rejects.toMatchObject({ code })
    expect(fake.calls).toEqual([{ method: 'text', target: path, code }])
  })

  it('reads any file while no permission is set', async () => {
    expect(await fakeFiles(tree).text('/etc/shadow')).toBe('root:*')
  })

  it('reads no more of a file than an agent does', async () => {
    const fake = fakeFiles({ '/a/big': 'x'.repeat(1_048_577), '/a/full': 'x'.repeat(1_048_576) })
    expect(await fake.text('/a/full')).toHaveLength(1_048_576)
    await expect(fake.text('/a/big')).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('gives bytes that do not change the tree', async () => {
    const bytes = new Uint8Array([1, 2])
    const fake = fakeFiles({ '/a/b': bytes })
    ;(await fake.bytes('/a/b'))[0] = 9
    expect(bytes[0]).toBe(1)
  })
})

describe('fakeProgram', () => {
  const sensors = exec('/usr/bin/sensors', ['-j'], { maxOutputBytes: 8 })

  it('prints what it is told and remembers the arguments', async () => {
    const fake = fakeProgram((args) => ({ stdout: args.join(), exitCode: 1 }))
    expect(await fake[obey](sensors).run(['-j'])).toEqual({
      exitCode: 1,
      signal: null,
      stdout: '-j',
      stderr: '',
    })
    expect(fake.calls).toEqual([{ method: 'run', target: '-j' }])
  })

  it('refuses arguments of another shape', async () => {
    const fake = fakeProgram({ stdout: '' })
    await expect(fake[obey](sensors).run(['-j', '-f'])).rejects.toMatchObject({
      code: 'ERR_HANDLE_DENIED',
    })
  })

  it('stops at the approved amount of output', async () => {
    const fake = fakeProgram({ stdout: 'ééé', stderr: 'éé' })
    await expect(fake[obey](sensors).run(['-j'])).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('throws the code of a program that is not there', async () => {
    const fake = fakeProgram({ code: 'ERR_PROGRAM_NOT_FOUND' })
    await expect(fake.run(['-j'])).rejects.toMatchObject({ code: 'ERR_PROGRAM_NOT_FOUND' })
  })
})

describe('fakeState', () => {
  it('keeps values between runs', async () => {
    const fake = fakeState({ a: '1' })
    const store = fake[obey](state({ maxBytes: 10 }))
    await store.set('b', '2')
    expect(await fake.get('b')).toBe('2')
    expect(await store.keys()).toEqual(['a', 'b'])
    await store.delete('a')
    expect(await store.get('a')).toBeUndefined()
    expect(fake.calls.map(({ method }) => method)).toEqual(['set', 'get', 'keys', 'delete', 'get'])
  })

  it('refuses what exceeds the quota and keeps the value before', async () => {
    const store = fakeState({ a: '1' })[obey](state({ maxBytes: 4 }))
    await expect(store.set('a', '1234')).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    expect(await store.get('a')).toBe('1')
  })
})
