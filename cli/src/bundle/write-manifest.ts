// SPDX-License-Identifier: Apache-2.0
/** Writes what operators approve beside the code: `manifest.json`, and the table in the README. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginManifest } from '@sallyport/sdk'
import { withPermissionTable } from './permission-table.ts'
import type { PluginFolder } from './plugin-folder.ts'

/** Writes the manifest, and the table where the README has a place for it. */
export async function writeManifest(
  { path }: Pick<PluginFolder, 'path'>,
  manifest: PluginManifest,
): Promise<void> {
  await writeFile(join(path, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const file = join(path, 'README.md')
  const readme = await readFile(file, 'utf8').catch(() => '')
  const written = withPermissionTable(readme, manifest)
  if (written !== undefined && written !== readme) await writeFile(file, written)
}
