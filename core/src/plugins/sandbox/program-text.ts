// SPDX-License-Identifier: Apache-2.0
/** The text of a program that is fed to a sandbox over standard input. */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const texts = new Map<string, Promise<string>>()

/**
 * Reads the program of this name beside this file: TypeScript without its types when run from sources, else as built.
 * Read once, so that a later change on disk reaches no plugin.
 */
export function programText(name: 'child-program' | 'probe-program'): Promise<string> {
  const known = texts.get(name)
  if (known !== undefined) return known
  const text = read(name)
  texts.set(name, text)
  return text
}

async function read(name: string): Promise<string> {
  const isSource = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url))
  const text = await readFile(file, 'utf8')
  return isSource ? stripTypeScriptTypes(text) : text
}
