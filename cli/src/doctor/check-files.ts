// SPDX-License-Identifier: Apache-2.0
/** Whether the folders and files that hold keys are private. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

const OTHERS = 0o077
/** Files that hold keys or records. */
const SECRET = /\.(json|key)$/
const MAX_FILES = 1_000

/** Looks at a folder and everything in it. `what` names it for people. */
export async function checkPrivate(what: string, folder: string): Promise<Finding[]> {
  const paths = await allPaths(folder)
  if (paths === undefined) return []
  const faults = (await Promise.all(paths.map(faultOf))).filter((fault) => fault !== undefined)
  if (faults.length > 0) return faults.slice(0, 10)
  return [ok('files', `${what}: ${folder} is private (${paths.length} files and folders)`)]
}

async function allPaths(folder: string): Promise<string[] | undefined> {
  const entries = await readdir(folder, { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      return []
    },
  )
  return entries && [folder, ...entries.slice(0, MAX_FILES).map((name) => join(folder, name))]
}

async function faultOf(path: string): Promise<Finding | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return undefined
  if (stats.isSymbolicLink()) {
    return warning('files', `${path} is a symbolic link`, `put the file itself there`)
  }
  if (stats.uid !== process.geteuid?.()) {
    const remedy = `chown ${process.geteuid?.()} ${path}`
    return failed('files', `${path} belongs to user ${stats.uid}`, {
      code: 'ERR_KEY_FILE_MODE',
      remedy,
    })
  }
  // What SQLite keeps beside its file may have any mode: it lies in a folder that nobody else may enter.
  if ((stats.mode & OTHERS) === 0 || !(stats.isDirectory() || SECRET.test(path))) return undefined
  const mode = (stats.mode & 0o777).toString(8).padStart(3, '0')
  const remedy = `chmod ${stats.isDirectory() ? '700' : '600'} ${path}`
  const text = `${path} is open to others (mode ${mode})`
  return failed('files', text, { code: 'ERR_KEY_FILE_MODE', remedy })
}
