// SPDX-License-Identifier: Apache-2.0
/** The SDK as a new plugin gets it: packed from this repository, from a file that was given, or from the registry. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { parseJson } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { IS_SOURCE, PROGRAM_FOLDER, VERSION } from '../program.ts'
import { pack, unpack } from './tar.ts'
import type { PackedFiles } from './tar.ts'

const REPOSITORY = join(PROGRAM_FOLDER, '..')
const MAX_PACKAGE_BYTES = 1_048_576

const PackageFile = z.object({ name: z.literal('@sallyport/sdk'), version: z.string() })

/** What a plugin's package.json says of the SDK, and the packed file to put beside it where there is one. */
export interface SdkPackage {
  readonly spec: string
  readonly packed?: { readonly path: string; readonly bytes: Uint8Array }
}

/**
 * Finds the SDK: the given packed file, else this repository's own sources, else the version that the registry has.
 *
 * Throws: ERR_SDK_PACKAGE.
 */
export async function sdkPackage(given?: string): Promise<SdkPackage> {
  if (given !== undefined) return vendored(await readPacked(given))
  if (!IS_SOURCE || !existsSync(join(REPOSITORY, 'sdk', 'src'))) return { spec: VERSION }
  return vendored(await packSdk())
}

function vendored({ bytes, version }: { bytes: Uint8Array; version: string }): SdkPackage {
  const path = `vendor/sallyport-sdk-${version}.tgz`
  return { spec: `file:${path}`, packed: { path, bytes } }
}

async function readPacked(file: string): Promise<{ bytes: Uint8Array; version: string }> {
  const bytes = await readFile(file)
  try {
    const text = unpack(bytes)['package.json'] ?? new Uint8Array()
    const { version } = PackageFile.parse(parseJson(text, MAX_PACKAGE_BYTES))
    return { bytes, version }
  } catch (error) {
    const why = isCodedError(error) ? error.message : 'it does not unpack to the SDK'
    throw problem(`${basename(file)} is not the packed SDK: ${why}`, error)
  }
}

/**
 * Emits the SDK of this repository and packs it: the same bytes from the same sources.
 *
 * Throws: ERR_SDK_PACKAGE.
 */
export async function packSdk(): Promise<{ bytes: Uint8Array; version: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sdk-'))
  try {
    await emit(folder)
    const sdk = join(REPOSITORY, 'sdk')
    const files = {
      ...(await filesBelow(folder)),
      'package.json': await readFile(join(sdk, 'package.json')),
      LICENSE: await readFile(join(REPOSITORY, 'LICENSE')),
    }
    const { version } = PackageFile.parse(parseJson(files['package.json'], MAX_PACKAGE_BYTES))
    return { bytes: pack(files), version }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function emit(folder: string): Promise<void> {
  const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc')
  const project = join(REPOSITORY, 'sdk', 'tsconfig.build.json')
  const once = ['--composite', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null']
  const args = [compiler, '-p', project, '--outDir', join(folder, 'dist'), ...once]
  try {
    await promisify(execFile)(process.execPath, args, { env: {} })
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    throw problem('the SDK of this repository does not compile', error, stdout.split('\n')[0])
  }
}

async function filesBelow(folder: string): Promise<PackedFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const files = paths.map(async (path) => [relative(folder, path), await readFile(path)] as const)
  return Object.fromEntries(await Promise.all(files))
}

function problem(message: string, cause: unknown, said?: string): Problem {
  return new Problem('ERR_SDK_PACKAGE', message, {
    exit: EXIT.failed,
    details: { said },
    unharmed: 'Nothing was written.',
    remedy: 'Give a packed SDK with --sdk <file>, as `npm pack` in sdk/ makes it after a build.',
    cause,
  })
}
