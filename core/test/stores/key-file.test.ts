// SPDX-License-Identifier: Apache-2.0
/** Key files on a real file system: private or refused, whole or absent. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { MAX_KEY_FILE_BYTES, readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import { makeFolder, removeFolders } from './agent-store-fixture.ts'

afterAll(removeFolders)

const BYTES = new TextEncoder().encode('{"format":"sallyport-keys-1"}')

/** A key file in a folder of its own. */
function writtenFile(): string {
  const path = join(makeFolder(), 'keys.json')
  writeKeyFile(path, BYTES)
  return path
}

describe('writing a key file', () => {
  it('makes it readable for its owner alone, whatever the process allows others', () => {
    const before = process.umask(0)
    try {
      expect(statSync(writtenFile()).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(before)
    }
  })

  it('replaces the file as a whole and leaves no draft behind', () => {
    const path = writtenFile()
    const { ino } = statSync(path)
    writeKeyFile(path, Uint8Array.of(1))
    expect(readKeyFile(path)).toEqual(Uint8Array.of(1))
    expect(statSync(path).ino).not.toBe(ino)
    expect(readdirSync(join(path, '..'))).toEqual(['keys.json'])
  })

  it('does not replace one when it must be new', () => {
    const path = writtenFile()
    const again = (): void => writeKeyFile(path, Uint8Array.of(1), { mustBeNew: true })
    expect(again).toThrowCode('ERR_KEY_FILE_EXISTS')
    expect(readKeyFile(path)).toEqual(BYTES)
    expect(readdirSync(join(path, '..'))).toEqual(['keys.json'])
    const fresh = join(path, '..', 'fresh.json')
    writeKeyFile(fresh, BYTES, { mustBeNew: true })
    expect(statSync(fresh)).toMatchObject({ nlink: 1, size: BYTES.byteLength })
  })

  it('replaces a link by the file, and leaves what the link led to alone', () => {
    const victim = join(makeFolder(), 'victim')
    writeFileSync(victim, 'untouched')
    const path = join(makeFolder(), 'keys.json')
    symlinkSync(victim, path)
    writeKeyFile(path, BYTES)
    expect(readFileSync(victim, 'utf8')).toBe('untouched')
    expect(readKeyFile(path)).toEqual(BYTES)
  })

  it('is refused for more bytes than a key file has', () => {
    const path = join(makeFolder(), 'keys.json')
    const large = new Uint8Array(MAX_KEY_FILE_BYTES + 1)
    expect(() => writeKeyFile(path, large)).toThrowCode('ERR_KEY_FILE_SIZE')
    expect(readdirSync(join(path, '..'))).toEqual([])
    writeKeyFile(path, large.slice(1))
    expect(readKeyFile(path).byteLength).toBe(MAX_KEY_FILE_BYTES)
  })

  it('leaves the old file and no draft when it cannot be done', () => {
    const folder = join(makeFolder(), 'keys.json')
    mkdirSync(join(folder, 'full'), { recursive: true })
    expect(() => writeKeyFile(folder, BYTES)).toThrowCode('ERR_KEY_FILE_IO')
    expect(readdirSync(join(folder, '..'))).toEqual(['keys.json'])
    const nowhere = join(folder, 'none', 'keys.json')
    expect(() => writeKeyFile(nowhere, BYTES)).toThrowCode('ERR_KEY_FILE_IO')
  })
})

describe('reading a key file', () => {
  it.each(['640', '604', '620', '602', '610', '601', '644'])(
    'is refused when its mode gives others a right (%s), with the remedy',
    (mode) => {
      const path = writtenFile()
      chmodSync(path, Number.parseInt(mode, 8))
      expect(() => readKeyFile(path)).toThrowCode('ERR_KEY_FILE_MODE')
      expect(() => readKeyFile(path)).toThrow(`Remedy: chmod 600 ${path}`)
    },
  )

  it.each(['600', '400', '700'])('is done when only its owner has rights (%s)', (mode) => {
    const path = writtenFile()
    chmodSync(path, Number.parseInt(mode, 8))
    expect(readKeyFile(path)).toEqual(BYTES)
  })

  it('is refused when it belongs to another user, with the remedy', () => {
    const path = writtenFile()
    const { uid } = statSync(path)
    const asOther = (): unknown => readKeyFile(path, { ownerUid: uid + 1 })
    expect(asOther).toThrowCode('ERR_KEY_FILE_MODE')
    expect(asOther).toThrow(`Remedy: chown ${uid + 1} ${path}`)
  })

  it('is refused for a link, even to a good file', () => {
    const link = join(makeFolder(), 'link.json')
    symlinkSync(writtenFile(), link)
    expect(() => readKeyFile(link)).toThrowCode('ERR_KEY_FILE_MODE')
    expect(() => readKeyFile(link)).toThrow(/not a plain file. Remedy/)
  })

  it('is refused for a folder or a pipe, and does not wait on the pipe', () => {
    const folder = makeFolder()
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', ['-m', '600', pipe])
    expect(() => readKeyFile(pipe)).toThrowCode('ERR_KEY_FILE_MODE')
    expect(() => readKeyFile(folder)).toThrowCode('ERR_KEY_FILE_MODE')
  })

  it('is refused when there is none', () => {
    const path = join(makeFolder(), 'keys.json')
    expect(() => readKeyFile(path)).toThrowCode('ERR_KEY_FILE_MISSING')
    expect(() => readKeyFile(join(path, 'x'))).toThrowCode('ERR_KEY_FILE_MISSING')
    writeFileSync(path, '')
    expect(() => readKeyFile(join(path, 'x'))).toThrowCode('ERR_KEY_FILE_IO')
  })

  it('is refused for more bytes than a key file has', () => {
    const path = writtenFile()
    truncateSync(path, MAX_KEY_FILE_BYTES + 1)
    expect(() => readKeyFile(path)).toThrowCode('ERR_KEY_FILE_SIZE')
  })
})
