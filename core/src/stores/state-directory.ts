// SPDX-License-Identifier: Apache-2.0
/** The private folder of one running program, held by a lock that ends with the process however it ends. */
import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CodedError } from '@sallyport/sdk'
import { takeLock } from './lock-file.ts'
import { ownUid, privacyFault } from './private-path.ts'

/** Codes of a folder that is not used. */
export type StateDirectoryErrorCode = 'ERR_STATE_DIRECTORY' | 'ERR_STATE_MODE' | 'ERR_STATE_LOCKED'

const PRIVATE_DIRECTORY_MODE = 0o700
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const LOCK_FILE = 'lock.db'
/** Two that start together both get in each other's way for a moment; one of them shall win. */
const LOCK_TIMEOUT_MS = 250

/** A folder that this process alone works in. Dispose it to let another process in. */
export interface StateDirectory extends Disposable {
  readonly path: string
  /** The path of a file in it. */
  file(name: string): string
}

/**
 * Opens a state directory, or makes it with mode 0700, and takes its lock.
 *
 * Shape: a folder, not a symbolic link, of this user, without rights for anyone else.
 * Throws: ERR_STATE_DIRECTORY, ERR_STATE_MODE with the remedy, ERR_STATE_LOCKED.
 */
export function openStateDirectory(
  path: string,
  options: { ownerUid?: number } = {},
): StateDirectory {
  const absolute = resolve(path)
  makeDirectory(absolute)
  expectPrivate(absolute, options.ownerUid ?? ownUid())
  const lock = holdDirectory(absolute)
  return {
    path: absolute,
    file: (name) => join(absolute, name),
    [Symbol.dispose]: () => lock[Symbol.dispose](),
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE })
  } catch (cause) {
    throw unusable(path, 'it cannot be made', cause)
  }
}

function expectPrivate(path: string, ownerUid: number): void {
  const fd = openDirectory(path)
  try {
    const why = privacyFault(fstatSync(fd), { path, mode: '700', ownerUid })
    if (why !== undefined) throw new CodedError('ERR_STATE_MODE', why, { details: { path } })
  } finally {
    closeSync(fd)
  }
}

function openDirectory(path: string): number {
  try {
    return openSync(path, DIRECTORY)
  } catch (cause) {
    throw unusable(path, 'it is not a folder of its own (a symbolic link is none)', cause)
  }
}

function holdDirectory(path: string): Disposable {
  const file = join(path, LOCK_FILE)
  let lock: Disposable | undefined
  try {
    lock = takeLock(file, LOCK_TIMEOUT_MS)
  } catch (cause) {
    throw unusable(path, `its lock ${file} cannot be taken`, cause)
  }
  if (lock !== undefined) return lock
  const message = `${path} is in use by another process. Remedy: stop that one, or choose another folder`
  throw new CodedError('ERR_STATE_LOCKED', message, { details: { path } })
}

function unusable(path: string, why: string, cause: unknown): CodedError<StateDirectoryErrorCode> {
  return new CodedError('ERR_STATE_DIRECTORY', `${path} cannot be used: ${why}`, {
    details: { path },
    cause,
  })
}
