// SPDX-License-Identifier: Apache-2.0
/** The rights that each job type of the Proxmox plugin takes, for the command line, which imports no plugin. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from '@sallyport/sdk'
import { isFresh, repositoryRoot, write, type Generated } from './generated.ts'

const PLUGIN = 'plugins/proxmox/src'
const TARGET = 'cli/src/proxmox/privileges.json'

/** The table as it should stand in the repository: the least rights, by job type. */
export async function privilegesTable(): Promise<Generated> {
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(repositoryRoot, PLUGIN, file)).href)
  const { plugin } = (await load('index.ts')) as { plugin: Plugin }
  const { rightsByJob } = (await load('privileges.ts')) as {
    rightsByJob: (this: void, jobs: Plugin['jobs']) => unknown
  }
  return { path: TARGET, text: `${JSON.stringify(rightsByJob(plugin.jobs), null, 2)}\n` }
}

if (import.meta.main) {
  const table = await privilegesTable()
  if (!isFresh(table)) {
    console.log(table.path)
    if (process.argv.includes('--check')) process.exitCode = 1
    else write(table)
  }
}
