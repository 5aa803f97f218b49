// SPDX-License-Identifier: Apache-2.0
/** The rights that each job type of the Proxmox plugin takes, for the command line, which imports no plugin. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from '@sallyport/sdk'
import { isFresh, repositoryRoot, write, type Generated } from './generated.ts'

const PLUGIN = 'plugins/proxmox/src'
const TARGET = 'cli/src/proxmox/privileges.json'

/** Privileges at one path of the access tree of Proxmox VE. */
export interface Right {
  readonly path: string
  readonly privileges: readonly string[]
}

/** The plugin, and the least rights of each of its job types. */
export async function loadProxmox(): Promise<{ plugin: Plugin; rights: Record<string, Right[]> }> {
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(repositoryRoot, PLUGIN, file)).href)
  const { plugin } = (await load('index.ts')) as { plugin: Plugin }
  const { rightsByJob } = (await load('privileges.ts')) as {
    rightsByJob: (this: void, jobs: Plugin['jobs']) => Record<string, Right[]>
  }
  return { plugin, rights: rightsByJob(plugin.jobs) }
}

/** The table as it should stand in the repository: the least rights, by job type. */
export async function privilegesTable(): Promise<Generated> {
  const { rights } = await loadProxmox()
  return { path: TARGET, text: `${JSON.stringify(rights, null, 2)}\n` }
}

if (import.meta.main) {
  const table = await privilegesTable()
  if (!isFresh(table)) {
    console.log(table.path)
    if (process.argv.includes('--check')) process.exitCode = 1
    else write(table)
  }
}
