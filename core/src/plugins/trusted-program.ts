// SPDX-License-Identifier: Apache-2.0
/** Whether a program on this host is one that only root can have put there. */
import { lstat, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'

const WRITABLE_BY_OTHERS = 0o022
const EXECUTABLE = 0o111

/** Why a program is not started, or the resolved path of the program. */
export type TrustedProgram =
  | { readonly trusted: true; readonly path: string }
  | { readonly trusted: false; readonly isMissing: boolean; readonly why: string }

/**
 * Resolves links and checks the file and every folder above it.
 *
 * Trust: root owns the file and all folders on its way and nobody else can write there, so what was checked is what
 * is started a moment later.
 */
export async function findTrustedProgram(path: string): Promise<TrustedProgram> {
  const resolved = await realpath(path).catch(() => undefined)
  if (resolved === undefined) return { trusted: false, isMissing: true, why: `there is no ${path}` }
  const fault = (await fileFault(resolved)) ?? (await folderFault(dirname(resolved)))
  if (fault !== undefined) return { trusted: false, isMissing: false, why: fault }
  return { trusted: true, path: resolved }
}

async function fileFault(path: string): Promise<string | undefined> {
  const stat = await lstat(path)
  if (!stat.isFile()) return `${path} is not a file`
  if ((stat.mode & EXECUTABLE) === 0) return `${path} is not executable`
  return ownerFault(path, stat)
}

async function folderFault(path: string): Promise<string | undefined> {
  const fault = ownerFault(path, await lstat(path))
  if (fault !== undefined || path === '/') return fault
  return folderFault(dirname(path))
}

function ownerFault(path: string, stat: { uid: number; mode: number }): string | undefined {
  if (stat.uid !== 0) return `${path} does not belong to root`
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) return `others than root can write to ${path}`
  return undefined
}
