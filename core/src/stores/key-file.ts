// SPDX-License-Identifier: Apache-2.0
/** Files that hold keys: private, written whole or not at all, read only while they are private. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { writeDurably } from './durable-file.ts'
import { ownUid, privacyFault } from './private-path.ts'

/** Codes of a key file that is not used. */
export type KeyFileErrorCode =
  | 'ERR_KEY_FILE_MISSING'
  | 'ERR_KEY_FILE_MODE'
  | 'ERR_KEY_FILE_SIZE'
  | 'ERR_KEY_FILE_EXISTS'
  | 'ERR_KEY_FILE_IO'

/** Size of a key file. */
export const MAX_KEY_FILE_BYTES = 65_536

/** Neither a link at the end of the path nor a pipe that never ends is opened. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Reads a key file.
 *
 * Trust: the checks are on the opened file, so that it cannot be exchanged between check and reading.
 * Shape: a plain file, not a symbolic link, of this user, without rights for anyone else, at most 64 KiB unless `maxBytes` says otherwise.
 * Throws: ERR_KEY_FILE_MISSING, ERR_KEY_FILE_MODE, ERR_KEY_FILE_SIZE, ERR_KEY_FILE_IO.
 */
export function readKeyFile(
  path: string,
  options: { ownerUid?: number; maxBytes?: number } = {},
): Uint8Array {
  const fd = openToRead(path)
  try {
    const stats = fstatSync(fd)
    expectPrivate(stats, path, options.ownerUid ?? ownUid())
    return readWhole(fd, path, options.maxBytes ?? MAX_KEY_FILE_BYTES)
  } finally {
    closeSync(fd)
  }
}

/**
 * Writes a key file of mode 0600; after a crash it holds the old bytes or the new.
 *
 * Throws: ERR_KEY_FILE_SIZE; ERR_KEY_FILE_EXISTS with `mustBeNew`; ERR_KEY_FILE_IO.
 */
export function writeKeyFile(
  path: string,
  bytes: Uint8Array,
  options: { mustBeNew?: boolean; maxBytes?: number } = {},
): void {
  const { maxBytes = MAX_KEY_FILE_BYTES } = options
  if (bytes.byteLength > maxBytes) throw tooLarge(path, maxBytes)
  try {
    writeDurably(path, bytes, { mustBeNew: options.mustBeNew ?? false })
  } catch (cause) {
    if (isCodedError(cause) && cause.code === 'EEXIST') {
      throw fault('ERR_KEY_FILE_EXISTS', path, `${path} is there already`, cause)
    }
    throw fault('ERR_KEY_FILE_IO', path, `${path} cannot be written`, cause)
  }
}

function openToRead(path: string): number {
  try {
    return openSync(path, READ)
  } catch (cause) {
    const code = isCodedError(cause) ? cause.code : ''
    if (code === 'ENOENT')
      throw fault('ERR_KEY_FILE_MISSING', path, `${path} does not exist`, cause)
    if (code === 'ELOOP') throw fault('ERR_KEY_FILE_MODE', path, notPlain(path), cause)
    throw fault('ERR_KEY_FILE_IO', path, `${path} cannot be read`, cause)
  }
}

function expectPrivate(stats: Stats, path: string, ownerUid: number): void {
  const why = stats.isFile() ? privacyFault(stats, { path, mode: '600', ownerUid }) : notPlain(path)
  if (why !== undefined) throw fault('ERR_KEY_FILE_MODE', path, why)
}

/** Why: the size of a file says nothing about how much a read of it gives. */
function readWhole(fd: number, path: string, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(maxBytes + 1)
  let length = 0
  for (let got = -1; got !== 0 && length < bytes.byteLength; length += got) {
    got = readSync(fd, bytes, length, bytes.byteLength - length, null)
  }
  if (length > maxBytes) throw tooLarge(path, maxBytes)
  return bytes.slice(0, length)
}

function notPlain(path: string): string {
  return `${path} is not a plain file. Remedy: put the key file itself there, not a link to it`
}

function tooLarge(path: string, maxBytes: number): CodedError<KeyFileErrorCode> {
  const message = `${path}: a key file has at most ${maxBytes} bytes`
  return fault('ERR_KEY_FILE_SIZE', path, message)
}

function fault(
  code: KeyFileErrorCode,
  path: string,
  message: string,
  cause?: unknown,
): CodedError<KeyFileErrorCode> {
  return new CodedError(code, message, { details: { path }, cause })
}
