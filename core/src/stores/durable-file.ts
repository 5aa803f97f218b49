// SPDX-License-Identifier: Apache-2.0
/** Writes small private files so that a crash leaves the old content or the new, never half of it. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const PRIVATE_FILE_MODE = 0o600
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY

/**
 * Writes a file of mode 0600 beside its place, syncs it, and moves it there.
 *
 * Throws: the errors of the file system; EEXIST with `mustBeNew` when the place is taken.
 */
export function writeDurably(
  path: string,
  bytes: Uint8Array,
  options: { mustBeNew: boolean },
): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.new`)
  try {
    writeAndSync(draft, bytes)
    // A link fails where something stands already; a rename would replace it.
    if (options.mustBeNew) linkSync(draft, path)
    else renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
  syncDirectory(dirname(path))
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function writeAndSync(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, NEW_FILE, PRIVATE_FILE_MODE)
  try {
    writeFileSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
