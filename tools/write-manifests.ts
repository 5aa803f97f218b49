// SPDX-License-Identifier: Apache-2.0
/** The manifest of each plugin and the permission table in its README, both from its code. `--check` only compares. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { manifestOf, type Plugin, type PluginManifest } from '@sallyport/sdk'
import { withPermissionTable } from '../cli/src/bundle/permission-table.ts'
import { isFresh, repositoryRoot, write, type Generated } from './generated.ts'

/** Manifest and README of every plugin as they should stand in the repository. */
export async function manifests(): Promise<Generated[]> {
  const folders = readdirSync(join(repositoryRoot, 'plugins'), { withFileTypes: true })
  const names = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const files = names
    .filter((name) => existsSync(join(repositoryRoot, 'plugins', name, 'package.json')))
    .sort()
    .map((name) => pluginFiles(repositoryRoot, `plugins/${name}`))
  return (await Promise.all(files)).flat()
}

/** Manifest and README of the plugin in one folder below `root`. */
export async function pluginFiles(root: string, folder: string): Promise<Generated[]> {
  const entry = pathToFileURL(join(root, folder, 'src/index.ts')).href
  const { plugin } = (await import(entry)) as { plugin: Plugin }
  const { version } = JSON.parse(read(root, folder, 'package.json')) as { version: string }
  const manifest = manifestOf(plugin, version)
  const readme = read(root, folder, 'README.md')
  return [
    { path: `${folder}/manifest.json`, text: `${JSON.stringify(manifest, null, 2)}\n` },
    { path: `${folder}/README.md`, text: withTable(readme, manifest, `${folder}/README.md`) },
  ]
}

function read(root: string, folder: string, file: string): string {
  return readFileSync(join(root, folder, file), 'utf8')
}

function withTable(readme: string, manifest: PluginManifest, path: string): string {
  const text = withPermissionTable(readme, manifest)
  if (text !== undefined) return text
  throw new Error(
    `${path} needs the marks of the permission table, as cli/plugin-template has them`,
  )
}

if (import.meta.main) {
  const stale = (await manifests()).filter((file) => !isFresh(file))
  for (const { path } of stale) console.log(path)
  if (!process.argv.includes('--check')) stale.forEach(write)
  else if (stale.length > 0) process.exitCode = 1
}
