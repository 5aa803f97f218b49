// SPDX-License-Identifier: Apache-2.0
/** Replaces and removes files so that what was checked is what is changed. */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { lstat, open, realpath, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, posix } from 'node:path'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { below, type NamedPath } from './named-path.ts'
import { kernelName } from './open-file.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
const PRIVATE_MODE = 0o600
/** Read, write and execute of owner, group and others; no set-user-id and the like. */
const PLAIN_MODE = 0o777

/** The folder of a file, opened, and the file in it. */
interface Place {
  readonly folder: FileHandle
  /** The file, by way of the opened folder. */
  readonly path: string
  /** What stands there. */
  readonly stats: Stats | undefined
  /** Throws ERR_HANDLE_DENIED when the opened folder is not where it was approved. */
  recheck(): Promise<void>
}

/**
 * Replaces or makes a file, whole or not at all. A new one has mode 0600, a replaced one keeps its mode and its owner.
 *
 * Trust: links in the way are resolved first, the last name must be none. The path is checked before its folder is
 * opened, as the kernel names the opened folder, and again before the new content takes its place; all else goes by way
 * of the opened folder, so a folder that is swapped or moved in between is left alone.
 * Throws: ERR_HANDLE_DENIED, ERR_FILE_WRITE, and the reason of `signal`, with nothing changed.
 */
export function replaceFile(
  asked: NamedPath,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  return inFolder(asked, async (place) => {
    const draft = `/proc/self/fd/${place.folder.fd}/.${randomBytes(12).toString('hex')}.new`
    try {
      await writeDraft(draft, bytes, place.stats)
      await place.recheck()
      signal.throwIfAborted()
      await rename(draft, place.path)
    } catch (error) {
      await unlink(draft).catch(() => {})
      throw error
    }
    await place.folder.sync()
  })
}

/** Removes a file; none is fine too. Trust and Throws: as `replaceFile`. */
export function removeFile(asked: NamedPath, signal: AbortSignal): Promise<void> {
  return inFolder(asked, async (place) => {
    if (place.stats === undefined) return
    await place.recheck()
    signal.throwIfAborted()
    await unlink(place.path)
    await place.folder.sync()
  })
}

async function inFolder(asked: NamedPath, change: (place: Place) => Promise<void>): Promise<void> {
  const { name, path, check } = asked
  const entry = posix.basename(path)
  const resolved = await resolveFolder(asked)
  check(below(resolved, entry))
  return guarded(name, async () => {
    await using folder = await open(resolved, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    const recheck = async (): Promise<void> => check(below(await kernelName(folder), entry))
    await recheck()
    const within = `/proc/self/fd/${folder.fd}/${entry}`
    const stats = await lstat(within).catch(noneIfMissing)
    expectPlainFile(name, stats)
    await change({ folder, path: within, stats, recheck })
  })
}

/** Why the check without a folder: whether one exists is told only to those who may write there. */
async function resolveFolder({ name, path, check }: NamedPath): Promise<string> {
  try {
    return await realpath(dirname(path))
  } catch (error) {
    check(path)
    throw writeError(name, codeOf(error) === 'ENOENT' ? 'its folder does not exist' : codeOf(error))
  }
}

/** Why no second name: whoever reads the file by it would not see what was written. */
function expectPlainFile(name: string, stats: Stats | undefined): void {
  if (stats === undefined) return
  if (!stats.isFile())
    throw writeError(name, 'it is a link, a folder or a device, not a plain file')
  if (stats.nlink > 1) throw writeError(name, 'it has a second name (hard link)')
}

async function writeDraft(
  path: string,
  bytes: Uint8Array,
  replaced: Stats | undefined,
): Promise<void> {
  await using file = await open(path, NEW_FILE, PRIVATE_MODE)
  await file.writeFile(bytes)
  if (replaced !== undefined) await takeOver(file, replaced)
  await file.sync()
}

/** Why the owner first: for a moment of the wrong order, another group could read the file. */
async function takeOver(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await file.stat()
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid)
  await file.chmod(mode & PLAIN_MODE)
}

/** Turns errors of the file system into the one a plugin knows. */
async function guarded<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined || code.startsWith('ERR_')) throw error
    throw writeError(name, code)
  }
}

function noneIfMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

function codeOf(error: unknown): string | undefined {
  return isCodedError(error) ? error.code : undefined
}

function writeError(name: string, why: string = 'unknown'): CodedError {
  return new CodedError('ERR_FILE_WRITE', `${name} cannot be written: ${why}`, {
    details: { name, why },
  })
}
