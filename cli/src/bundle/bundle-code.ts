// SPDX-License-Identifier: Apache-2.0
/** Bundles a plugin's code into one module that is the same wherever it is built. */
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { BuildOptions, Metafile } from 'esbuild'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { isLeftOut, leaveOut, notImported } from './leave-out.ts'
import { findPackages } from './packages.ts'
import type { PackageOf } from './packages.ts'

/** The code, and the packages that are in it. */
export interface BundledCode {
  readonly text: string
  readonly packages: readonly PackageOf[]
}

/** The one way plugins are bundled: nothing from the machine or its settings gets in. */
const FIXED: BuildOptions = {
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  target: 'es2024',
  platform: 'node',
  charset: 'utf8',
  legalComments: 'none',
  sourcemap: false,
  tsconfigRaw: '{}',
  mainFields: ['module', 'main'],
  define: {
    'process.env.NODE_ENV': '"production"',
    __dirname: '"/"',
    __filename: '"/plugin.mjs"',
  },
  logLevel: 'silent',
}

/**
 * What `require` is to CommonJS modules in the bundle: Node's own modules, which are all that is not in it.
 *
 * Why: an ES module has no `require`, and the sandbox has no files to load from.
 */
const REQUIRE = `const require = (id) => {
  const found = process.getBuiltinModule(id);
  if (found !== undefined) return found;
  throw Object.assign(new Error("Cannot find module '" + id + "'"), { code: "MODULE_NOT_FOUND" });
};
`

/** Whose code is bundled. */
export interface CodeFolder {
  readonly path: string
  /** Packages that the code imports and never calls; an empty module stands in place of each. */
  readonly leaveOut: readonly string[]
}

/**
 * Bundles from a file, or from text that stands in the plugin's folder. `modules` are folders of packages to look into
 * after those of the plugin.
 *
 * Throws: ERR_PLUGIN_CODE.
 */
export async function bundleCode(
  { path: folder, leaveOut: names }: CodeFolder,
  from: { entry: string } | { text: string },
  modules: readonly string[] = [],
): Promise<BundledCode> {
  const source: BuildOptions =
    'entry' in from
      ? { entryPoints: [from.entry] }
      : { stdin: { contents: from.text, resolveDir: folder, sourcefile: 'entry.ts', loader: 'ts' } }
  const { build } = await import('esbuild')
  const ownSources = [folder, ...modules.map(dirname)].some(hasSources) ? ['@sallyport/source'] : []
  const built = await build({
    ...FIXED,
    ...source,
    plugins: [leaveOut(names)],
    conditions: [...ownSources, 'node', 'import', 'default'],
    nodePaths: [...modules],
    absWorkingDir: folder,
  }).catch((error: unknown) => {
    throw codeProblem(error)
  })
  expectImported(names, Object.keys(built.metafile!.inputs))
  const inputs = inputsOf(built.metafile!)
  const packages = await findPackages(inputs.map((input) => resolve(folder, input)))
  const named = new Map(
    inputs.map((input) => [input, canonicalName(resolve(folder, input), packages)]),
  )
  const text = built.outputFiles![0]!.text
  const prefix = text.includes('__require(') ? REQUIRE : ''
  return { text: prefix + withoutPaths(text, named), packages: uniquePackages(packages) }
}

/** Why: a name that nothing imports is a slip, and what was meant would stay in. */
function expectImported(names: readonly string[], inputs: readonly string[]): void {
  const unknown = notImported(names, inputs)
  if (unknown.length === 0) return
  throw new Problem(
    'ERR_PLUGIN_FOLDER',
    `its package.json leaves out ${unknown.join(', ')}, which its code does not import`,
    {
      exit: EXIT.usage,
      unharmed: 'Nothing was built.',
      remedy:
        'Take the name out of "sallyport": { "leaveOut": [] } in package.json, or correct it.',
    },
  )
}

/** Whether the SDK that this folder finds has its sources, as in its own repository. */
function hasSources(folder: string): boolean {
  const sdk = join(folder, 'node_modules', '@sallyport', 'sdk')
  if (existsSync(sdk)) return existsSync(join(sdk, 'src', 'index.ts'))
  return dirname(folder) !== folder && hasSources(dirname(folder))
}

/** The files of which something is in the output. */
function inputsOf(metafile: Metafile): string[] {
  const [output] = Object.values(metafile.outputs)
  return Object.entries(output!.inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path)
    .filter((path) => path !== 'entry.ts' && !isLeftOut(path))
}

/** A file as `package@version/path`, wherever the package lies. */
function canonicalName(file: string, packages: ReadonlyMap<string, PackageOf>): string {
  const { name, version, folder } = packages.get(dirname(file))!
  return `${name}@${version}/${relative(folder, file)}`
}

function uniquePackages(packages: ReadonlyMap<string, PackageOf>): PackageOf[] {
  const byName = new Map(
    [...packages.values()].map((each) => [`${each.name}@${each.version}`, each]),
  )
  return [...byName.keys()].sort().map((key) => byName.get(key)!)
}

/**
 * Puts canonical names where the bundler wrote file paths: the comment line before each module, and the key of each
 * wrapped CommonJS module.
 *
 * Why: relative paths depend on where the folders lie, and the bytes must not.
 */
function withoutPaths(text: string, named: ReadonlyMap<string, string>): string {
  return text
    .split('\n')
    .map((line) => {
      const [, before, path] = /^(\/\/ |\s+")(.+?)($|"\()/.exec(line) ?? []
      const name = path === undefined ? undefined : named.get(path)
      return name === undefined
        ? line
        : `${before}${name}${line.slice(before!.length + path!.length)}`
    })
    .join('\n')
}

function codeProblem(error: unknown): Problem {
  const errors = (error as { errors?: { text: string; location?: Location | null }[] }).errors ?? []
  const details = Object.fromEntries(
    errors.slice(0, 5).map(({ text, location }, index) => [locationText(location, index), text]),
  )
  return new Problem('ERR_PLUGIN_CODE', 'the code of the plugin cannot be bundled', {
    exit: EXIT.failed,
    details: errors.length > 0 ? details : { cause: String(error) },
    unharmed: 'Nothing was built.',
    remedy: 'Correct the code; what it imports must be a dependency of the plugin.',
    cause: error,
  })
}

interface Location {
  readonly file: string
  readonly line: number
}

function locationText(location: Location | null | undefined, index: number): string {
  return location == null ? `error ${index + 1}` : `${location.file}:${location.line}`
}
