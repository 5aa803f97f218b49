// SPDX-License-Identifier: Apache-2.0
/** Builds a plugin's bundle: code, manifest and licence texts as one file with one digest. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestOf, makeBundle } from '@sallyport/core/crypto'
import { encodeJson } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { bundleCode } from './bundle-code.ts'
import type { BundledCode } from './bundle-code.ts'
import { deriveManifest } from './derive-manifest.ts'
import { differences } from './differences.ts'
import { licencesFile } from './licences.ts'
import { readPluginFolder } from './plugin-folder.ts'
import type { PluginFolder } from './plugin-folder.ts'
import { writeManifest } from './write-manifest.ts'

/** What was built. */
export interface BuiltPlugin {
  readonly file: string
  readonly digest: string
  readonly sizeBytes: number
  readonly manifest: PluginManifest
  /** `name@version` of every package inside. */
  readonly packages: readonly string[]
}

/** How it is built. */
export interface BuildRequest {
  readonly folder: string
  /** Folder for the bundle; else the plugin's own `dist`. */
  readonly outFolder?: string | undefined
  /** Writes `manifest.json` instead of comparing with it. */
  readonly isWritingManifest: boolean
}

/** Builds. Throws: ERR_PLUGIN_FOLDER, ERR_PLUGIN_CODE, ERR_MANIFEST_DRIFT. */
export async function buildPlugin(request: BuildRequest): Promise<BuiltPlugin> {
  const plugin = await readPluginFolder(request.folder)
  const { manifest, bytes, code } = await assemblePlugin(plugin)
  if (request.isWritingManifest) await writeManifest(plugin, manifest)
  else expectCommitted(plugin, manifest)
  const outFolder = resolve(request.outFolder ?? join(plugin.path, 'dist'))
  const file = join(outFolder, `${manifest.name}-${manifest.version}.spb`)
  await mkdir(outFolder, { recursive: true })
  await writeFile(file, bytes)
  const packages = code.packages.map(({ name, version }) => `${name}@${version}`)
  return { file, digest: digestOf(bytes), sizeBytes: bytes.length, manifest, packages }
}

/** A bundle as its code is now, whatever is committed. Nothing is written. */
export interface AssembledPlugin {
  readonly manifest: PluginManifest
  readonly bytes: Uint8Array
  readonly code: BundledCode
}

/** Bundles a plugin in memory. Throws: ERR_PLUGIN_CODE. */
export async function assemblePlugin(plugin: PluginFolder): Promise<AssembledPlugin> {
  const [manifest, code] = await Promise.all([
    deriveManifest(plugin),
    bundleCode(plugin, { entry: plugin.entry }),
  ])
  const bytes = makeBundle(manifest, {
    'plugin.mjs': code.text,
    'licenses.txt': await licencesFile(code.packages),
  })
  return { manifest, bytes, code }
}

/** What operators approve is the committed manifest, so the code must say the same. */
function expectCommitted(plugin: PluginFolder, manifest: PluginManifest): void {
  const { committed, path } = plugin
  if (committed !== undefined && Buffer.compare(encodeJson(committed), encodeJson(manifest)) === 0)
    return
  const drift = committed === undefined ? [] : differences(committed, manifest)
  throw new Problem(
    'ERR_MANIFEST_DRIFT',
    'the code says something else than the committed manifest.json',
    {
      exit: EXIT.refused,
      details:
        committed === undefined ? { 'manifest.json': 'is missing' } : Object.fromEntries(drift),
      unharmed: 'Nothing was built.',
      remedy: 'Look at what has changed; if it is meant, write it down and commit it:',
      commands: [`sallyport plugin build ${path} --write-manifest`],
    },
  )
}
