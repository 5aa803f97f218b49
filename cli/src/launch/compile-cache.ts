// SPDX-License-Identifier: Apache-2.0
/** Where compiled code is kept between starts of the command line and of the programs it becomes. */
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Makes the folder and returns it; undefined where that cannot be, and then programs only start more slowly.
 *
 * Why: not in the shared temporary folder, which is Node's default: what lies in the cache is run beside the operator's
 * keys, so only this account may write there.
 */
export function compileCacheFolder(): string | undefined {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return join(folder, 'compiled')
  } catch {
    return undefined
  }
}
