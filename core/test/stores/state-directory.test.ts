// SPDX-License-Identifier: Apache-2.0
/** The state directory: private or refused, and for one process at a time, however that process ends. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStateDirectory } from '@sallyport/core/stores'
import { makeFolder, removeFolders } from './agent-store-fixture.ts'

afterAll(removeFolders)

const PROGRAM = join(import.meta.dirname, 'hold-state-directory.ts')

/** A process that holds the directory, or says why it does not. */
async function holder(path: string): Promise<{ child: ChildProcess; said: string }> {
  const args = ['--conditions=@sallyport/source', PROGRAM, path]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: said.toString().trim() }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = child.exitCode === null ? once(child, 'exit') : undefined
  child.kill(signal)
  await ended
}

describe('a state directory', () => {
  it('is made for its owner alone, parents included, whatever the process allows others', () => {
    const before = process.umask(0)
    try {
      const path = join(makeFolder(), 'home', 'agent')
      using directory = openStateDirectory(path)
      expect(directory.path).toBe(path)
      expect(directory.file('agent.db')).toBe(join(path, 'agent.db'))
      for (const made of [path, join(path, '..')]) {
        expect(statSync(made).mode & 0o777).toBe(0o700)
      }
      expect(statSync(join(path, 'lock.db')).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(before)
    }
  })

  it('has an absolute path', () => {
    const path = makeFolder()
    using directory = openStateDirectory(join(path, '.', 'a', '..', 'b'))
    expect(directory.path).toBe(join(path, 'b'))
  })

  it.each(['750', '705', '710', '701', '720', '755'])(
    'is refused when its mode gives others a right (%s), with the remedy',
    (mode) => {
      const path = makeFolder()
      chmodSync(path, Number.parseInt(mode, 8))
      expect(() => openStateDirectory(path)).toThrowCode('ERR_STATE_MODE')
      expect(() => openStateDirectory(path)).toThrow(`Remedy: chmod 700 ${path}`)
      expect(readdirSync(path)).toEqual([])
    },
  )

  it('is refused when it belongs to another user, with the remedy', () => {
    const path = makeFolder()
    const { uid } = statSync(path)
    const asOther = (): unknown => openStateDirectory(path, { ownerUid: uid + 1 })
    expect(asOther).toThrowCode('ERR_STATE_MODE')
    expect(asOther).toThrow(`Remedy: chown ${uid + 1} ${path}`)
  })

  it('is refused when it is a link or a file', () => {
    const folder = makeFolder()
    const [target, link, file] = ['target', 'link', 'file'].map((name) => join(folder, name))
    mkdirSync(target!, { mode: 0o700 })
    symlinkSync(target!, link!)
    writeFileSync(file!, '')
    for (const path of [link!, file!, join(file!, 'below')]) {
      expect(() => openStateDirectory(path)).toThrowCode('ERR_STATE_DIRECTORY')
    }
    expect(readdirSync(target!)).toEqual([])
  })

  it('is refused when its lock is no lock', () => {
    const path = makeFolder()
    writeFileSync(join(path, 'lock.db'), 'no database at all, but quite long '.repeat(40))
    expect(() => openStateDirectory(path)).toThrowCode('ERR_STATE_DIRECTORY')
  })
})

describe('the lock of a state directory', () => {
  it('keeps a second one in the same process out until it is let go', () => {
    const path = makeFolder()
    const first = openStateDirectory(path)
    expect(() => openStateDirectory(path)).toThrowCode('ERR_STATE_LOCKED')
    expect(() => openStateDirectory(path)).toThrow(`${path} is in use by another process`)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    using second = openStateDirectory(path)
    expect(second.path).toBe(path)
  })

  it('keeps a second process out', async () => {
    const path = makeFolder()
    using directory = openStateDirectory(path)
    const { child, said } = await holder(directory.path)
    await end(child, 'SIGTERM')
    expect(said).toBe('ERR_STATE_LOCKED')
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('ends with its process: %s', async (signal) => {
    const path = makeFolder()
    const { child, said } = await holder(path)
    expect(said).toBe('held')
    expect(() => openStateDirectory(path)).toThrowCode('ERR_STATE_LOCKED')
    await end(child, signal)
    using directory = openStateDirectory(path)
    expect(directory.path).toBe(path)
  })

  it('is had by exactly one of several that start together', async () => {
    const path = makeFolder()
    const started = await Promise.all(Array.from({ length: 4 }, () => holder(path)))
    const said = started.map((one) => one.said)
    await Promise.all(started.map(({ child }) => end(child, 'SIGKILL')))
    expect(said.toSorted()).toEqual([...Array<string>(3).fill('ERR_STATE_LOCKED'), 'held'])
  })
})
