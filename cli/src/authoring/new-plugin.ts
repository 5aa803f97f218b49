// SPDX-License-Identifier: Apache-2.0
/** Makes the folder of a plugin anywhere: it installs, checks, tests and builds as it stands. */
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }
import { deriveManifest } from '../bundle/derive-manifest.ts'
import { readPluginFolder } from '../bundle/plugin-folder.ts'
import { writeManifest } from '../bundle/write-manifest.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { TEMPLATE, copyTemplate, expectPluginName } from './plugin-template.ts'
import { sdkPackage } from './sdk-package.ts'

/** What to make and where. */
export interface NewPluginRequest {
  readonly name: string
  /** Else a folder of the plugin's name below this one. */
  readonly folder?: string | undefined
  /** A packed SDK to put into the folder. */
  readonly sdk?: string | undefined
}

/** What was made. */
export interface NewPlugin {
  readonly name: string
  readonly folder: string
  /** Where its package.json says that the SDK comes from. */
  readonly sdk: string
}

/** Makes the folder, whole or not at all. Throws: ERR_PLUGIN_NAME, ERR_PLUGIN_EXISTS, ERR_SDK_PACKAGE. */
export async function makePluginFolder(request: NewPluginRequest): Promise<NewPlugin> {
  const { name } = request
  expectPluginName(name)
  const folder = resolve(request.folder ?? name)
  await expectFree(folder)
  const sdk = await sdkPackage(request.sdk)
  await mkdir(dirname(folder), { recursive: true })
  // Made beside it under another name and renamed at the end, so that nobody meets half a plugin.
  const draft = await mkdtemp(join(dirname(folder), '.new-plugin-'))
  try {
    const { zod } = manifest.dependencies
    const words = { name, sdk: sdk.spec, zod, runner: 'node:test' } as const
    const content = join(draft, name)
    const from = ['every', 'outside'].map((part) => join(TEMPLATE, part))
    await copyTemplate(from, content, words)
    if (sdk.packed !== undefined) await placePacked(content, sdk.packed)
    await deriveFirstManifest(content)
    await moveInto(content, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return { name, folder, sdk: sdk.spec }
}

async function expectFree(folder: string): Promise<void> {
  const inside = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (inside.length === 0) return
  throw new Problem('ERR_PLUGIN_EXISTS', `${folder} exists and is not empty`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was written.',
    remedy: 'Choose another name, or another folder with --folder.',
  })
}

async function placePacked(
  folder: string,
  { path, bytes }: { path: string; bytes: Uint8Array },
): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

/** Why: its dependencies are not installed yet, so those of this program stand in. */
async function deriveFirstManifest(folder: string): Promise<void> {
  const plugin = await readPluginFolder(folder)
  await writeManifest(plugin, await deriveManifest(plugin, [modulesOfThisProgram()]))
}

/** The folder of packages where this program finds its own. */
function modulesOfThisProgram(): string {
  const zod = fileURLToPath(import.meta.resolve('zod'))
  return zod.slice(0, zod.lastIndexOf('node_modules') + 'node_modules'.length)
}

async function moveInto(content: string, folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined)
  await rename(content, folder)
}
