// SPDX-License-Identifier: Apache-2.0
/** The manifest of each plugin and the permission table in its README, both from its code. `--check` only compares. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  describePermission,
  manifestOf,
  type JobManifest,
  type Plugin,
  type PluginManifest,
} from '@sallyport/sdk'
import { isFresh, repositoryRoot, write, type Generated } from './generated.ts'

const BEGIN = '<!-- permissions: written by `npm run docs` -->'
const END = '<!-- end of permissions -->'

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
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${path} needs the lines ${BEGIN} and ${END}`)
  const table = permissionTable(manifest)
  return `${readme.slice(0, begin)}${BEGIN}\n\n${table}\n\n${readme.slice(end)}`
}

/** A row per permission; a job type that touches nothing has a row that says so. */
function permissionTable(manifest: PluginManifest): string {
  const rows = Object.entries(manifest.jobs).flatMap(([name, job]) => jobRows(name, job))
  return ['| job type | effect | handle | may |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function jobRows(name: string, { effect, permissions }: JobManifest): string[] {
  const handles = Object.entries(permissions)
  if (handles.length === 0) return [`| \`${name}\` | ${effect} | – | touch nothing |`]
  return handles.map(([handle, permission]) => {
    const [verb = '', scope = ''] = splitOnce(describePermission(permission), ': ')
    const shown = scope === '' ? verb : `${verb} ${codeList(scope)}`
    return `| \`${name}\` | ${effect} | \`${handle}\` | ${shown} |`
  })
}

function codeList(scope: string): string {
  const parts = scope.startsWith('/') && scope.includes(', /') ? scope.split(', ') : [scope]
  return parts.map((part) => `\`${part.replaceAll('|', String.raw`\|`)}\``).join(', ')
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

if (import.meta.main) {
  const stale = (await manifests()).filter((file) => !isFresh(file))
  for (const { path } of stale) console.log(path)
  if (!process.argv.includes('--check')) stale.forEach(write)
  else if (stale.length > 0) process.exitCode = 1
}
