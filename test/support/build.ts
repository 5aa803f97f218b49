// SPDX-License-Identifier: Apache-2.0
/** Builds a one-file test plugin into a bundle, in memory. */
import { join } from 'node:path'
import { makeBundle } from '@sallyport/core/crypto'
import { manifestOf, type Plugin } from '@sallyport/sdk'
import { build } from 'esbuild'
import { leaveOut } from '../../cli/src/bundle/leave-out.ts'
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
    // What the Proxmox plugin leaves out; no other plugin has it.
    plugins: [leaveOut(['undici'])],
  })
  const { plugin } = (await import(entry)) as { plugin: Plugin }
  return makeBundle(manifestOf(plugin, version), {
    'plugin.mjs': outputFiles[0]!.text,
    'licenses.txt': 'Apache-2.0',
  })
}
