// SPDX-License-Identifier: Apache-2.0
/** Builds a one-file test plugin into a bundle, in memory. */
import { join } from 'node:path'
import { makeBundle } from '@sallyport/core/crypto'
import { manifestOf, type Plugin } from '@sallyport/sdk'
import { build, type Plugin as BundlerPlugin } from 'esbuild'
import { ROOT } from './programs.ts'

/** Bundles `test/…/<file>` and derives its manifest from the loaded code. */
export async function buildBundle(file: string, version = '1.0.0'): Promise<Uint8Array> {
  const entry = join(ROOT, 'test', file)
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2024',
    conditions: ['@sallyport/source'],
    plugins: [withoutUndici],
  })
  const { plugin } = (await import(entry)) as { plugin: Plugin }
  return makeBundle(manifestOf(plugin, version), {
    'plugin.mjs': outputFiles[0]!.text,
    'licenses.txt': 'Apache-2.0',
  })
}

/** The client in the Proxmox plugin imports it and never calls it; built by command line, the plugin leaves it out. */
const withoutUndici: BundlerPlugin = {
  name: 'without-undici',
  setup(bundler) {
    bundler.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'empty' }))
    bundler.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({
      contents: 'module.exports = {}',
    }))
  },
}
