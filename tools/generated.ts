// SPDX-License-Identifier: Apache-2.0
/** Files that are written by a tool and committed: how they are written, and how drift is found. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Where the repository begins. */
export const repositoryRoot = resolve(import.meta.dirname, '..')

/** One generated file: its path in the repository and what should stand there. */
export interface Generated {
  readonly path: string
  readonly text: string
}

/** Whether the file in the repository is the generated one, byte for byte. */
export function isFresh({ path, text }: Generated): boolean {
  try {
    return readFileSync(join(repositoryRoot, path), 'utf8') === text
  } catch {
    return false
  }
}

/** Writes a generated file. */
export function write({ path, text }: Generated): void {
  const target = join(repositoryRoot, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
}
