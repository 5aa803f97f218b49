// SPDX-License-Identifier: Apache-2.0
/** The fake file writer changes its tree within the permission and remembers what it was asked. */
import { describe, expect, it } from '@jest/globals'
import { files } from '../../src/index.ts'
import { obey } from '../../src/testing/fake.ts'
import { fakeFiles, fakeWriter } from '../../src/testing/index.ts'

describe('fakeWriter', () => {
  const exports = files.write(['@exports/*.json', '/srv/out/**'], { maxBytes: 4 })

  it('writes what a fake reader over the same tree reads', async () => {
    const tree = {}
    const fake = fakeWriter(tree)
    const writer = fake[obey](exports)
    await writer.write('@exports/a.json', '{}')
    await writer.write('/srv/out/b', new Uint8Array([1, 2]))
    const reader = fakeFiles(tree)[obey](files.read('@exports/**', '/srv/**'))
    expect(await reader.text('@exports/a.json')).toBe('{}')
    expect(await reader.list('@exports')).toEqual(['@exports/a.json'])
    await writer.remove('@exports/a.json')
    await writer.remove('@exports/a.json')
    expect(tree).toEqual({ '/srv/out/b': new Uint8Array([1, 2]) })
    expect(fake.calls[0]).toEqual({ method: 'write', target: '@exports/a.json' })
  })

  it.each([
    ['@exports/a.txt', '', 'ERR_HANDLE_DENIED'],
    ['@exports/../a.json', '', 'ERR_HANDLE_DENIED'],
    ['@other/a.json', '', 'ERR_HANDLE_DENIED'],
    ['/etc/passwd', '', 'ERR_HANDLE_DENIED'],
    ['srv/out/b', '', 'ERR_HANDLE_DENIED'],
    ['@exports/a.json', 'ééé', 'ERR_LIMIT'],
    ['/srv/out/link', '', 'ERR_FILE_WRITE'],
  ])('answers a write to %s with %s', async (path, content, code) => {
    const writer = fakeWriter({ '/srv/out/link': { link: '/etc/passwd' } })[obey](exports)
    await expect(writer.write(path, content)).rejects.toMatchObject({ code })
  })
})
