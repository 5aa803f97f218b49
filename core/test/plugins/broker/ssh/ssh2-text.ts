// SPDX-License-Identifier: Apache-2.0
/** The SSH client and the SDK's agent as one text that a plugin written as text can stand on. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const REQUIRE = 'const require = (id) => process.getBuiltinModule(id)\n'

/** Names of the module: `ssh2` and `sshAgent`. Not for plugins of the product, which `plugin build` bundles. */
export async function ssh2Text(): Promise<string> {
  const built = await build({
    stdin: {
      contents: `import ssh2 from 'ssh2'; import { sshAgent } from '@sallyport/sdk'
        export { ssh2, sshAgent }`,
      resolveDir: fileURLToPath(new URL('../../../..', import.meta.url)),
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'iife',
    globalName: 'parts',
    conditions: ['@sallyport/source'],
    define: { __dirname: '"/"', __filename: '"/plugin.mjs"' },
    external: ['cpu-features', '*.node'],
    logLevel: 'silent',
  })
  return `${REQUIRE}${built.outputFiles[0]!.text}\nconst { ssh2, sshAgent } = parts\n`
}
