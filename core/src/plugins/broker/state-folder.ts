// SPDX-License-Identifier: Apache-2.0
/** A plugin's private folder below the agent's state directory: one file per key, replaced atomically. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, isCodedError } from '@sallyport/sdk'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const PARENT = 'plugin-state'
const MAX_KEYS = 1_024

/** Begins the name of a file that is being written; no key begins so. */
const UNFINISHED = '.new-'

/** Changes wait for one another, per folder. */
const lastChanges = new Map<string, Promise<unknown>>()

/** The values of one plugin. Keys have been checked by the caller. */
export class StateFolder {
  readonly #parent: string
  readonly #path: string

  constructor(stateDirectory: string, pluginName: string) {
    this.#parent = join(stateDirectory, PARENT)
    this.#path = join(this.#parent, pluginName)
  }

  async get(key: string): Promise<string | undefined> {
    try {
      await using file = await open(join(this.#path, key), O_RDONLY | O_NOFOLLOW)
      return await file.readFile('utf8')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw stateError('read', error)
    }
  }

  /** Throws: ERR_LIMIT when all keys and values together would have more than `maxBytes` of UTF-8. */
  set(key: string, value: string, maxBytes: number): Promise<void> {
    return this.#change(async () => {
      await this.#create()
      await this.#expectRoom(key, Buffer.byteLength(value), maxBytes)
      await this.#replace(key, value)
    })
  }

  delete(key: string): Promise<void> {
    return this.#change(() => rm(join(this.#path, key), { force: true }))
  }

  async keys(): Promise<string[]> {
    const names = await readdir(this.#path).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw stateError('read', error)
    })
    return names.filter((name) => !name.startsWith(UNFINISHED)).sort()
  }

  async #change(change: () => Promise<void>): Promise<void> {
    const before = lastChanges.get(this.#path) ?? Promise.resolve()
    const after = before.then(change, change)
    lastChanges.set(
      this.#path,
      after.catch(() => undefined),
    )
    try {
      await after
    } catch (error) {
      if (isCodedError(error) && error.code.startsWith('ERR_')) throw error
      throw stateError('written', error)
    }
  }

  /** Why: a link in place of a folder would lead the values elsewhere. */
  async #create(): Promise<void> {
    for (const folder of [this.#parent, this.#path]) {
      await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        if (!isCodedError(error) || error.code !== 'EEXIST') throw error
      })
      if (!(await lstat(folder)).isDirectory()) {
        throw new CodedError('ERR_STATE', 'the folder of the plugin is not a folder')
      }
    }
  }

  async #expectRoom(key: string, valueBytes: number, maxBytes: number): Promise<void> {
    let usedBytes = Buffer.byteLength(key) + valueBytes
    const others = (await this.keys()).filter((name) => name !== key)
    for (const name of others) {
      usedBytes += Buffer.byteLength(name) + (await lstat(join(this.#path, name))).size
    }
    if (usedBytes > maxBytes)
      throw new CodedError('ERR_LIMIT', `more than ${maxBytes} bytes of state`)
    if (others.length >= MAX_KEYS) throw new CodedError('ERR_LIMIT', `more than ${MAX_KEYS} keys`)
  }

  async #replace(key: string, value: string): Promise<void> {
    await this.#removeUnfinished()
    const unfinished = join(this.#path, `${UNFINISHED}${randomUUID()}`)
    {
      await using file = await open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
      await file.writeFile(value)
      await file.sync()
    }
    await rename(unfinished, join(this.#path, key))
    await using folder = await open(this.#path, O_RDONLY)
    await folder.sync()
  }

  /** What a crash left behind. Why here: changes of one folder never overlap, so nobody is writing it. */
  async #removeUnfinished(): Promise<void> {
    const names = await readdir(this.#path)
    const left = names.filter((name) => name.startsWith(UNFINISHED))
    await Promise.all(left.map((name) => rm(join(this.#path, name), { force: true })))
  }
}

function isMissing(error: unknown): boolean {
  return isCodedError(error) && error.code === 'ENOENT'
}

function stateError(what: string, cause: unknown): CodedError {
  const why = isCodedError(cause) ? cause.code : 'unknown'
  return new CodedError('ERR_STATE', `the plugin's state cannot be ${what}: ${why}`, { cause })
}
