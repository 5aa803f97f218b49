// SPDX-License-Identifier: Apache-2.0
/** New keys wait beside the ones they take the place of, until a root that knows them stands. */
import { mkdir, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readKeyFileIdentity } from '@sallyport/core/crypto'
import type { RootKeys } from '@sallyport/core/crypto'
import type { Home } from '../home.ts'
import { rootKeyId } from './root-screen.ts'

/** Key files of keys that no root knows yet. */
export interface NextKeys {
  readonly keys?: Uint8Array | undefined
  readonly rootKey?: Uint8Array | undefined
}

/** Keeps new keys. Why first: a root that names keys which nobody has any more would be worth nothing. */
export async function keepNextKeys(home: Home, { keys, rootKey }: NextKeys): Promise<void> {
  const { writeKeyFile } = await import('@sallyport/core/stores')
  await mkdir(home.operator.folder, { recursive: true, mode: 0o700 })
  if (keys !== undefined) writeKeyFile(nextOf(home.operator.keys), keys)
  if (rootKey !== undefined) writeKeyFile(nextOf(home.operator.rootKey), rootKey)
}

/**
 * Puts waiting keys in their place once the root names them.
 *
 * Why the old operator keys stay, under their fingerprint: what was sealed to them can be opened with nothing else.
 */
export async function adoptNextKeys(home: Home, root: RootKeys): Promise<void> {
  const { keys, rootKey } = home.operator
  if (await isNamed(nextOf(keys), root)) {
    const old = await signingKeyIn(keys)
    if (old !== undefined) {
      const name = `keys-${rootKeyId({ signingKey: old }).slice(0, 8)}.json`
      await rename(keys, join(dirname(keys), name))
    }
    await rename(nextOf(keys), keys)
  }
  if (await isNamed(nextOf(rootKey), root)) await rename(nextOf(rootKey), rootKey)
}

async function isNamed(path: string, root: RootKeys): Promise<boolean> {
  const key = await signingKeyIn(path)
  return key !== undefined && root.keys.some(({ signingKey }) => signingKey === key)
}

async function signingKeyIn(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return bytes && readKeyFileIdentity(bytes).signingKey
}

function nextOf(path: string): string {
  return path.replace(/\.json$/, '-next.json')
}
