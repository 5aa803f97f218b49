// SPDX-License-Identifier: Apache-2.0
/**
 * Leaves out of a bundle what can never run in the sandbox or may be missing where it is built: native add-ons, and the
 * optional dependencies of packages.
 *
 * Why: the sandbox loads no native code, and code copes without what its package calls optional. Whether such a part
 * happens to be installed, or compiled, on the machine that builds must not change the bytes of the bundle.
 */
import { dirname } from 'node:path'
import type { OnResolveArgs, Plugin } from 'esbuild'
import { packageOf } from './packages.ts'

/** Begins the name of each input that was left out. */
const LEFT_OUT = 'left-out'

/** What asking for such a part does at run time: what it does where it is not installed. */
const ABSENT = `
throw Object.assign(new Error('this part is not in the bundle of a plugin'), { code: 'MODULE_NOT_FOUND' })
module.exports = undefined`

/** The bundler's plugin. */
export const leaveOut: Plugin = {
  name: LEFT_OUT,
  setup(build) {
    const left = (path: string): { path: string; namespace: string } => ({
      path,
      namespace: LEFT_OUT,
    })
    build.onResolve({ filter: /\.node$/ }, ({ path }) => left(path))
    build.onResolve({ filter: /^[^./]/, namespace: 'file' }, async (asked) =>
      (await isOptional(asked)) ? left(asked.path) : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: LEFT_OUT }, () => ({ contents: ABSENT, loader: 'js' }))
  },
}

/** Whether an input of the bundler is something that was left out. */
export function isLeftOut(input: string): boolean {
  return input.startsWith(`${LEFT_OUT}:`)
}

async function isOptional({ path, importer }: OnResolveArgs): Promise<boolean> {
  if (importer === '' || path.startsWith('node:')) return false
  const { optionalDependencies } = await packageOf(dirname(importer))
  const segments = path.split('/')
  const name = segments.slice(0, path.startsWith('@') ? 2 : 1).join('/')
  return optionalDependencies.includes(name)
}
