// SPDX-License-Identifier: Apache-2.0
/** Writes the folder of a small plugin, as an author has it, for tests that build it by command line. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './programs.ts'

/** What a test plugin is. */
export interface PluginSketch {
  readonly name: string
  readonly version: string
  /** Source of its job types: an object literal of `defineJob` calls. */
  readonly jobs: string
}

/** Writes it into `folder`, with the SDK and zod to build with. */
export async function writePluginFolder(folder: string, sketch: PluginSketch): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(join(folder, 'src'), { recursive: true })
  await mkdir(join(modules, '@sallyport'), { recursive: true })
  await link(join(ROOT, 'sdk'), join(modules, '@sallyport', 'sdk'))
  await link(join(ROOT, 'node_modules', 'zod'), join(modules, 'zod'))
  const { name, version, jobs } = sketch
  const about = { name: `plugin-${name}`, version, type: 'module' }
  await writeFile(join(folder, 'package.json'), JSON.stringify(about))
  await writeFile(
    join(folder, 'src', 'index.ts'),
    `import { defineJob, definePlugin, endpoint, files, secret } from '@sallyport/sdk'
import { z } from 'zod'
const kinds = { endpoint, files, secret }
export const plugin = definePlugin({ name: '${name}', summary: 'A test plugin', jobs: ${jobs} })
export const used = Object.keys(kinds).length
`,
  )
}

async function link(target: string, path: string): Promise<void> {
  await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
