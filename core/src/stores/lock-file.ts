// SPDX-License-Identifier: Apache-2.0
/** A lock that ends with its process, however that ends. */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isCodedError } from '@sallyport/sdk'

const PRIVATE_FILE_MODE = 0o600
/** SQLite's result code for a lock that another connection holds. Source: SQLite C interface, "Result Codes". */
const BUSY = 5

/**
 * Takes the lock of a file, which is made where there is none; undefined when another process holds it for longer than
 * `waitMs`.
 *
 * Throws: the errors of the file system and of SQLite.
 * Why a lock in an SQLite file: the kernel drops it with the process, so that no kill leaves a stale one behind.
 */
export function takeLock(file: string, waitMs: number): Disposable | undefined {
  let lock: DatabaseSync | undefined
  try {
    makeLockFile(file)
    lock = new DatabaseSync(file, { timeout: waitMs })
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    if (isBusy(error)) return undefined
    throw error
  }
  const held = lock
  return {
    [Symbol.dispose]: () => {
      if (held.isOpen) held.close()
    },
  }
}

/**
 * Makes the file private before SQLite would make it otherwise. Why not open one that is there: closing it would let go
 * of a lock that this process holds on it.
 */
function makeLockFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', PRIVATE_FILE_MODE))
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'EEXIST') throw error
  }
}

function isBusy(error: unknown): boolean {
  return isCodedError(error) && 'errcode' in error && error.errcode === BUSY
}
