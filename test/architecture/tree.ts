// SPDX-License-Identifier: Apache-2.0
/** The files of the repository, as the architecture tests read them. */
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** Where the repository begins. */
export const repositoryRoot = resolve(import.meta.dirname, '../..')

const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', '.nx'])

/** Paths of all files below `folder`, relative to the repository, sorted. Built and installed files are left out. */
export function filesBelow(folder = '.'): string[] {
  return readdirSync(join(repositoryRoot, folder), { withFileTypes: true })
    .filter((entry) => !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
    .sort()
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}

/** Path of an absolute file, relative to the repository. */
export function pathOf(absolute: string): string {
  return relative(repositoryRoot, absolute)
}
