// SPDX-License-Identifier: Apache-2.0
/**
 * Leaves out of a bundle what can never run in the sandbox or may be missing where it is built: native add-ons, the
 * optional dependencies of packages, and the packages that a plugin says it never calls.
 *
 * Why: the sandbox loads no native code, and code copes without what its package calls optional. Whether such a part
 * happens to be installed, or compiled, on the machine that builds must not change the bytes of the bundle.
 */
import { dirname } from 'node:path'
import type { OnResolveArgs, Plugin } from 'esbuild'
import { packageOf } from './packages.ts'

/** Begins the name of each input that was left out. */
const LEFT_OUT = 'left-out'

/** Begins the name of each input in whose place an empty module stands. */
const EMPTIED = 'emptied'

/** What asking for such a part does at run time: what it does where it is not installed. */
const ABSENT = `
throw Object.assign(new Error('this part is not in the bundle of a plugin'), { code: 'MODULE_NOT_FOUND' })
module.exports = undefined`

/** Why CommonJS: names that are imported from it are undefined then, where a module without them would not bundle. */
const EMPTY = 'module.exports = {}'

/**
 * The bundler's plugin. `names` are packages that the code imports and never calls.
 *
 * Why an empty module: the import must go on working. Whoever calls something of it calls undefined, and sees it.
 */
export function leaveOut(names: readonly string[]): Plugin {
  return {
    name: LEFT_OUT,
    setup(build) {
      const left = (path: string): { path: string; namespace: string } => ({
        path,
        namespace: LEFT_OUT,
      })
      build.onResolve({ filter: /\.node$/ }, ({ path }) => left(path))
      build.onResolve({ filter: /^[^./]/, namespace: 'file' }, async (asked) => {
        const name = packageNameOf(asked.path)
        if (names.includes(name)) return { path: name, namespace: EMPTIED }
        return (await isOptional(asked)) ? left(asked.path) : undefined
      })
      const js = (contents: string) => () => ({ contents, loader: 'js' as const })
      build.onLoad({ filter: /.*/, namespace: LEFT_OUT }, js(ABSENT))
      build.onLoad({ filter: /.*/, namespace: EMPTIED }, js(EMPTY))
    },
  }
}

/** Whether an input of the bundler is something that was left out. */
export function isLeftOut(input: string): boolean {
  return input.startsWith(`${LEFT_OUT}:`) || input.startsWith(`${EMPTIED}:`)
}

/** Names of packages that were to be left out and that nothing imports. */
export function notImported(names: readonly string[], inputs: readonly string[]): string[] {
  return names.filter((name) => !inputs.includes(`${EMPTIED}:${name}`))
}

async function isOptional({ path, importer }: OnResolveArgs): Promise<boolean> {
  if (importer === '' || path.startsWith('node:')) return false
  const { optionalDependencies } = await packageOf(dirname(importer))
  return optionalDependencies.includes(packageNameOf(path))
}

/** The package in what is imported: `undici` of `undici/types`. */
function packageNameOf(path: string): string {
  const segments = path.split('/')
  return segments.slice(0, path.startsWith('@') ? 2 : 1).join('/')
}
