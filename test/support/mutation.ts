// SPDX-License-Identifier: Apache-2.0
/**
 * Faults that are planted: a replacement in one source file, made while it is loaded; nothing on disk changes. With them a
 * test is tested: what finds no fault that is known to be there has shown nothing.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(import.meta.dirname, '../..')

/** One way to break a program. */
export interface Mutation {
  readonly name: string
  /** Below the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly put: string
}

/** The source with the mutation in it. Throws: Error when what it replaces is not there exactly once. */
export function mutate(source: string, { name, file, find, put }: Mutation): string {
  const parts = source.split(find)
  if (parts.length !== 2)
    throw new Error(`“${name}” finds its place ${parts.length - 1} times in ${file}`)
  return parts.join(put)
}

/** Reads the file of a mutation. */
export function sourceOf({ file }: Mutation): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** The mutation of this name. Throws: Error when there is none. */
export function mutationNamed<M extends Mutation>(mutations: readonly M[], name: string): M {
  const found = mutations.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no mutation “${name}”`)
  return found
}

/** From now on, the file is loaded with the mutation in it. To be called before any source of the programs is loaded. */
export function install(mutation: Mutation): void {
  const path = join(ROOT, mutation.file)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.startsWith('file:') || fileURLToPath(url) !== path) return loaded
      return { ...loaded, source: mutate(sourceOf(mutation), mutation) }
    },
  })
}
