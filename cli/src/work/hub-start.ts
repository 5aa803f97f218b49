// SPDX-License-Identifier: Apache-2.0
/** Checks that a hub has something to serve before it is started. */
import { existsSync, readdirSync } from 'node:fs'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Throws: ERR_NO_SITE when neither a file nor the data of an earlier start names a site. */
export function expectSites(
  home: Home,
  {
    given,
    dataDir,
    database,
  }: { given: readonly string[]; dataDir: string; database?: string | undefined },
): void {
  const missing = given.find((file) => !existsSync(file))
  if (missing !== undefined) throw noSite({ 'not found': missing })
  // A database elsewhere may have sites already; the hub itself looks.
  if (database !== undefined) return
  if (given.length > 0 || existsSync(home.operator.site)) return
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) return
  throw noSite({ home: home.folder })
}

function noSite(details: Record<string, string>): Problem {
  return new Problem('ERR_NO_SITE', 'the hub would serve no site', {
    exit: EXIT.failed,
    details,
    unharmed: 'Nothing was started.',
    remedy: 'Make an operator and a site here, or name the site file of one:',
    commands: ['sallyport init', 'sallyport hub start --site <file>'],
  })
}
