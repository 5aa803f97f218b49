// SPDX-License-Identifier: Apache-2.0
/** The table of permissions in the README of a plugin, from its manifest. */
import { describePermission } from '@sallyport/sdk'
import type { JobManifest, PluginManifest } from '@sallyport/sdk'

const BEGIN = '<!-- permissions: written by `npm run docs` -->'
const END = '<!-- end of permissions -->'

/** The README with the table between its two marks; undefined when it does not have them. */
export function withPermissionTable(readme: string, manifest: PluginManifest): string | undefined {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) return undefined
  return `${readme.slice(0, begin)}${BEGIN}\n\n${permissionTable(manifest)}\n\n${readme.slice(end)}`
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
