// SPDX-License-Identifier: Apache-2.0
/** Finds the packages that files belong to, and their licence texts. */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseJson } from '@sallyport/core/protocol'
import { z } from 'zod'

const MAX_PACKAGE_BYTES = 1_048_576
const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i

/** A package that a file belongs to. */
export interface PackageOf {
  readonly name: string
  readonly version: string
  readonly folder: string
  /** The licence's SPDX expression, as the package states it. */
  readonly license: string
  /** Names of the packages it can do without. */
  readonly optionalDependencies: readonly string[]
}

const UNNAMED = { name: 'unnamed', version: '0.0.0', license: '', optionalDependencies: [] }

const PackageFile = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  license: z.string().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})

/** The package of each file's folder: the nearest package.json above it that has a name. */
export async function findPackages(files: readonly string[]): Promise<Map<string, PackageOf>> {
  const folders = [...new Set(files.map((file) => dirname(file)))]
  const found = await Promise.all(
    folders.map(async (folder) => [folder, await packageOf(folder)] as const),
  )
  return new Map(found)
}

/** The licence texts of a package: its own, else those of the repository it is developed in. */
export async function licenceTexts({ folder }: PackageOf): Promise<string[]> {
  for (let each = folder; ; each = dirname(each)) {
    const names = (await readdir(each)).filter((name) => LICENCE_FILE.test(name)).sort()
    if (names.length > 0)
      return Promise.all(names.map((name) => readFile(join(each, name), 'utf8')))
    const isRoot = dirname(each) === each || existsSync(join(each, '.git'))
    // Above an installed package lie only foreign ones.
    if (isRoot || dirname(each).endsWith('node_modules')) return []
  }
}

/** The package that a folder belongs to: the nearest package.json from there upwards that has a name. */
export async function packageOf(start: string): Promise<PackageOf> {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = await readPackage(folder)
    if (found !== undefined) return found
    if (dirname(folder) === folder) return { ...UNNAMED, folder: start }
  }
}

async function readPackage(folder: string): Promise<PackageOf | undefined> {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  const checked = PackageFile.safeParse(parseJson(await readFile(path), MAX_PACKAGE_BYTES))
  if (!checked.success || checked.data.name === undefined) return undefined
  const { name, version = '0.0.0', license = '', optionalDependencies = {} } = checked.data
  return { name, version, folder, license, optionalDependencies: Object.keys(optionalDependencies) }
}
