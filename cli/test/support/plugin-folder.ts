// SPDX-License-Identifier: Apache-2.0
/** The folder of a plugin outside the repository, installed without a registry. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makePluginFolder } from '../../src/authoring/new-plugin.ts'
import { packSdk } from '../../src/authoring/sdk-package.ts'
import { unpack } from '../../src/authoring/tar.ts'
import { ROOT } from './program.ts'

/** Puts in place what `npm install` would: the SDK from its packed file, and zod. The rest is for checking only. */
export async function install(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  const packed = await readFile(join(folder, 'vendor/sallyport-sdk-0.1.0.tgz'))
  for (const [path, bytes] of Object.entries(unpack(packed))) {
    const file = join(modules, '@sallyport/sdk', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  await symlink(join(ROOT, 'node_modules/zod'), join(modules, 'zod'))
}

/** Makes a plugin below `scratch` with the SDK as it is now, and installs it. */
export async function madePlugin(scratch: string, name: string): Promise<string> {
  const sdk = join(scratch, 'sdk.tgz')
  await writeFile(sdk, (await packSdk()).bytes)
  const folder = join(scratch, name)
  await makePluginFolder({ name, folder, sdk })
  await install(folder)
  return folder
}
