// SPDX-License-Identifier: Apache-2.0
/** The first lines that run: turns the compile cache on, then loads the program. */
import { mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

enablePrivateCompileCache()
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))

/**
 * Keeps compiled code between starts.
 *
 * Why: not in the shared temporary folder, which is Node's default: what lies in the cache is run beside the
 * operator's keys, so only this account may write there.
 */
function enablePrivateCompileCache(): void {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    module.enableCompileCache(join(folder, 'compiled'))
  } catch {
    // Without a cache the program only starts more slowly.
  }
}
