// SPDX-License-Identifier: Apache-2.0
/** The trust roots and the policy that this machine keeps besides its site file: bytes, verified whenever they are read. */
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../home.ts'

const NAME = /^([1-9][0-9]{0,6})\.json$/

/** Envelopes of the roots after a version, oldest first. */
export async function readKeptRoots(home: Home, afterVersion: number): Promise<Uint8Array[]> {
  const versions = await versionsIn(home.operator.roots)
  const later = versions.filter((version) => version > afterVersion).sort((a, b) => a - b)
  return Promise.all(later.map((version) => readFile(join(home.operator.roots, `${version}.json`))))
}

/** Keeps a root that was verified. */
export async function keepRoot(home: Home, version: number, envelope: Uint8Array): Promise<void> {
  const { writeDurably } = await import('@sallyport/core/stores')
  await mkdir(home.operator.roots, { recursive: true, mode: 0o700 })
  writeDurably(join(home.operator.roots, `${version}.json`), envelope, { mustBeNew: false })
}

/** Envelope of the newest policy on this machine; undefined when there is none. */
export async function readKeptPolicy(home: Home): Promise<Uint8Array | undefined> {
  return readFile(home.operator.policy).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** Keeps a policy that was verified. */
export async function keepPolicy(home: Home, envelope: Uint8Array): Promise<void> {
  const { writeDurably } = await import('@sallyport/core/stores')
  writeDurably(home.operator.policy, envelope, { mustBeNew: false })
}

async function versionsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number)
}
