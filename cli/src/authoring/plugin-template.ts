// SPDX-License-Identifier: Apache-2.0
/** The template of a new plugin: what every plugin begins with, and what stands around it. */
import { cp, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError, PLUGIN_NAME } from '@sallyport/sdk'

/** Where the template lies: `every` for all plugins, `outside` for those in a folder of their own. */
export const TEMPLATE: string = fileURLToPath(new URL('../../plugin-template', import.meta.url))

/** What stands in the template in place of the words between double underscores. */
export interface TemplateWords {
  readonly name: string
  /** Where the SDK comes from: a version, a range, or `file:` and a packed file. */
  readonly sdk: string
  readonly zod: string
  /** The module that tests take `describe` and `it` from. */
  readonly runner: 'node:test' | '@jest/globals'
}

/** Throws: ERR_PLUGIN_NAME. */
export function expectPluginName(name: string): void {
  if (PLUGIN_NAME.test(name)) return
  const rule = 'a lower-case letter, then at most 31 lower-case letters, digits and hyphens'
  throw new CodedError('ERR_PLUGIN_NAME', `${JSON.stringify(name)} is no plugin name: ${rule}`)
}

/** Copies template folders into a new one, one over the other, and fills their words in. */
export async function copyTemplate(
  from: readonly string[],
  target: string,
  words: TemplateWords,
): Promise<void> {
  for (const folder of from) await cp(folder, target, { recursive: true })
  await fillIn(target, words)
  // A package leaves a `.gitignore` of its own out when it is published, so the template has it without the dot.
  await rename(join(target, 'gitignore'), join(target, '.gitignore')).catch(ignoreMissing)
}

async function fillIn(folder: string, words: TemplateWords): Promise<void> {
  const named = new Map<string, string>(Object.entries(words))
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = await readFile(path, 'utf8')
    const filled = text.replace(
      /__([a-z]+)__/g,
      (all, word: string): string => named.get(word) ?? all,
    )
    if (filled !== text) await writeFile(path, filled)
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
