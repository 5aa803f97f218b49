// SPDX-License-Identifier: Apache-2.0
/** Opens a file or folder so that what was checked is what is read. */
import { constants } from 'node:fs'
import { lstat, open, opendir, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { NamedPath } from './named-path.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_DIRECTORY } = constants

/**
 * Reads a whole regular file.
 *
 * Trust: links are resolved first; the path is checked before it is opened and again as the kernel names the opened file,
 * so a folder that is swapped for a link in between opens nothing. Devices, pipes and sockets are never opened.
 * Throws: ERR_HANDLE_DENIED, ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_LIMIT.
 */
export async function readWholeFile(asked: NamedPath, maxBytes: number): Promise<Uint8Array> {
  const { name } = asked
  const resolved = await resolvePath(asked)
  if (resolved === undefined) throw new CodedError('ERR_FILE_NOT_FOUND', `there is no ${name}`)
  return guarded(name, async () => {
    if (!(await lstat(resolved)).isFile()) throw readError(name, 'it is not a regular file')
    await using file = await open(resolved, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    asked.check(await kernelName(file))
    if (!(await file.stat()).isFile()) throw readError(name, 'it is not a regular file')
    return await readUpTo(file, name, maxBytes)
  })
}

/**
 * Names in a folder, sorted; none when there is no such folder.
 *
 * Trust: as `readWholeFile`; the listing is made through the opened folder.
 * Throws: ERR_HANDLE_DENIED, ERR_FILE_READ, ERR_LIMIT.
 */
export async function listFolder(asked: NamedPath, maxEntries: number): Promise<string[]> {
  const { name } = asked
  const resolved = await resolvePath(asked)
  if (resolved === undefined) return []
  return guarded(name, async () => {
    await using folder = await open(resolved, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
    asked.check(await kernelName(folder))
    const names: string[] = []
    for await (const entry of await opendir(`/proc/self/fd/${folder.fd}`)) {
      names.push(entry.name)
      if (names.length > maxEntries) throw limitError(`${name} has more than ${maxEntries} entries`)
    }
    return names.sort()
  })
}

/** The path without links; undefined when nothing is there, which only those learn who may read there. */
async function resolvePath({ name, path, check }: NamedPath): Promise<string | undefined> {
  try {
    const resolved = await realpath(path)
    check(resolved)
    return resolved
  } catch (error) {
    if (codeOf(error) === 'ERR_HANDLE_DENIED') throw error
    check(path)
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw readError(name, code ?? 'unknown')
  }
}

/** The path of an opened file or folder. Source: proc_pid_fd(5): the link of a descriptor is the path of the file it is open on. */
export function kernelName(file: FileHandle): Promise<string> {
  return readlink(`/proc/self/fd/${file.fd}`)
}

async function readUpTo(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(65_536)
    const { bytesRead } = await file.read(buffer)
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks, size))
    size += bytesRead
    if (size > maxBytes) throw limitError(`${path} has more than ${maxBytes} bytes`)
    chunks.push(buffer.subarray(0, bytesRead))
  }
}

/** Turns errors of the file system into those a plugin knows. */
async function guarded<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined || code.startsWith('ERR_')) throw error
    if (code === 'ENOENT') throw new CodedError('ERR_FILE_NOT_FOUND', `there is no ${path}`)
    throw readError(path, code)
  }
}

function codeOf(error: unknown): string | undefined {
  return isCodedError(error) ? error.code : undefined
}

function readError(path: string, why: string): CodedError {
  return new CodedError('ERR_FILE_READ', `${path} cannot be read: ${why}`, {
    details: { path, why },
  })
}

function limitError(message: string): CodedError {
  return new CodedError('ERR_LIMIT', message)
}
