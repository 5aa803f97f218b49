// SPDX-License-Identifier: Apache-2.0
/** What a plugin's folder must hold to be built. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Version, parseJson, parseManifest } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MAX_FILE_BYTES = 1_048_576

/** Source: npm documentation, "package.json", section "name". */
const PACKAGE_NAME = /^(?:@[a-z0-9-~][a-z0-9-._~]{0,127}\/)?[a-z0-9-~][a-z0-9-._~]{0,127}$/

const PackageFile = z.object({
  name: z.string().max(214),
  version: Version,
  /** What only this program reads. */
  sallyport: z
    .strictObject({ leaveOut: z.array(z.string().regex(PACKAGE_NAME)).max(64).optional() })
    .optional(),
})

/** A plugin's folder. */
export interface PluginFolder {
  readonly path: string
  readonly packageName: string
  readonly version: string
  /** Packages that its code imports and never calls. */
  readonly leaveOut: readonly string[]
  /** The file that exports `plugin`. */
  readonly entry: string
  /** The manifest that is committed beside the code; undefined when there is none. */
  readonly committed: PluginManifest | undefined
}

/** Reads a plugin's folder. Throws: ERR_PLUGIN_FOLDER. */
export async function readPluginFolder(given: string): Promise<PluginFolder> {
  const path = resolve(given)
  const entry = join(path, 'src', 'index.ts')
  const [packageBytes, , manifestBytes] = await Promise.all([
    readOptional(join(path, 'package.json')),
    readFile(entry).catch(() => {
      throw notAPlugin(path, 'it has no src/index.ts')
    }),
    readOptional(join(path, 'manifest.json')),
  ])
  if (packageBytes === undefined) throw notAPlugin(path, 'it has no package.json')
  const checked = PackageFile.safeParse(readJson(path, 'package.json', packageBytes))
  if (!checked.success) throw notAPlugin(path, packageFault(checked.error))
  const { name, version, sallyport } = checked.data
  const leaveOut = sallyport?.leaveOut ?? []
  const committed = manifestBytes && readManifest(path, manifestBytes)
  return { path, packageName: name, version, leaveOut, entry, committed }
}

function packageFault({ issues: [issue] }: z.ZodError): string {
  const [first] = issue!.path
  if (first !== 'sallyport') return 'its package.json has no name and version'
  return `its package.json is not right at ${issue!.path.join('.')}: ${issue!.message}`
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

function readManifest(path: string, bytes: Uint8Array): PluginManifest {
  try {
    return parseManifest(readJson(path, 'manifest.json', bytes))
  } catch (error) {
    if (!isCodedError(error) || error instanceof Problem) throw error
    throw notAPlugin(path, `its manifest.json is not right: ${error.message}`)
  }
}

function readJson(path: string, name: string, bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, MAX_FILE_BYTES)
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw notAPlugin(path, `its ${name} is not right: ${error.message}`)
  }
}

function notAPlugin(path: string, why: string): Problem {
  return new Problem('ERR_PLUGIN_FOLDER', `${path} is not the folder of a plugin: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was built.',
    remedy: 'Name the folder that holds package.json, src/index.ts and manifest.json.',
  })
}
