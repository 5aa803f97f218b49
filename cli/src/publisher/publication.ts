// SPDX-License-Identifier: Apache-2.0
/** The publication beside a bundle: the file `<bundle>.sig`, written by the publisher and read by everybody else. */
import { randomUUIDv7 } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { openPublication, publishes, signPublication } from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import type { Publication } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import type { ReadBundle } from '../bundle/read-bundle.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { publisherKeyId } from './identity.ts'

/** How far the clocks of publisher and operator may differ. Units: milliseconds. */
const MAX_SKEW_MS = 30_000

/** A publication that is signed by the key it names and is of the bundle beside it. */
export interface ReadPublication {
  readonly file: string
  /** Its DSSE envelope, as it stands in the file. */
  readonly envelope: Uint8Array
  readonly publication: Publication
  readonly keyId: string
}

/** Whether a publication counts at a time. */
export type PublicationState = 'valid' | 'expired' | 'not yet valid'

/** Where the publication of a bundle lies. */
export function publicationFile(bundleFile: string): string {
  return `${bundleFile}.sig`
}

/** Refuses to replace a publication. Throws: ERR_PUBLICATION_EXISTS. */
export function expectUnsigned(bundleFile: string): void {
  const file = publicationFile(bundleFile)
  if (!existsSync(file)) return
  throw new Problem('ERR_PUBLICATION_EXISTS', `${file} is there already`, {
    exit: EXIT.refused,
    unharmed: 'It was not touched.',
    remedy: 'Look at what it says; to sign anew:',
    commands: [
      `sallyport plugin inspect ${bundleFile}`,
      `sallyport plugin sign ${bundleFile} --force`,
    ],
  })
}

/** Signs a bundle and writes the publication beside it. Units: epoch milliseconds. */
export async function publish(
  bundle: ReadBundle,
  publisher: Identity,
  window: { issuedAtMs: number; expiresAtMs: number },
): Promise<ReadPublication> {
  const envelope = signPublication(bundle.bytes, {
    publisher,
    publicationId: randomUUIDv7(),
    ...window,
  })
  const file = publicationFile(bundle.file)
  await writeFile(file, envelope)
  return opened(file, envelope, bundle)
}

/**
 * Reads the publication of a bundle; undefined when there is none.
 *
 * Trust: it is signed by the key it names and is of these bytes; whose key that is, is for the caller to judge.
 * Throws: ERR_PUBLICATION.
 */
export async function readPublication(bundle: ReadBundle): Promise<ReadPublication | undefined> {
  const file = publicationFile(bundle.file)
  const envelope = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return envelope === undefined ? undefined : opened(file, envelope, bundle)
}

/** The publication of a bundle that may be approved now. Throws: ERR_BUNDLE_UNSIGNED, ERR_PUBLICATION. */
export async function expectPublication(
  bundle: ReadBundle,
  nowMs: number,
): Promise<ReadPublication> {
  const read = await readPublication(bundle)
  if (read === undefined) throw unsigned(bundle.file)
  const state = publicationState(read.publication, nowMs)
  if (state === 'valid') return read
  const { issuedAt, expiresAt } = read.publication
  throw notHeld(read.file, `it is ${state}`, bundle.file, { from: issuedAt, until: expiresAt })
}

/** Whether a publication counts now. */
export function publicationState(publication: Publication, nowMs: number): PublicationState {
  if (Date.parse(publication.expiresAt) <= nowMs) return 'expired'
  return Date.parse(publication.issuedAt) > nowMs + MAX_SKEW_MS ? 'not yet valid' : 'valid'
}

function opened(file: string, envelope: Uint8Array, bundle: ReadBundle): ReadPublication {
  const publication = read(file, envelope, bundle.file)
  if (!publishes(publication, { format: 'sallyport-bundle-1', ...bundle }, bundle.digest)) {
    throw notHeld(file, 'it is of another bundle', bundle.file, { of: publication.plugin.digest })
  }
  return { file, envelope, publication, keyId: publisherKeyId(publication.publisher) }
}

function read(file: string, envelope: Uint8Array, bundleFile: string): Publication {
  try {
    return openPublication(envelope)
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw notHeld(file, error.message, bundleFile)
  }
}

function notHeld(file: string, why: string, bundleFile: string, details: object = {}): Problem {
  return new Problem('ERR_PUBLICATION', `${file} does not hold: ${why}`, {
    exit: EXIT.refused,
    details: { ...details },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Have the publisher sign these bytes anew:',
    commands: [`sallyport plugin sign ${bundleFile} --force`],
  })
}

function unsigned(bundleFile: string): Problem {
  return new Problem('ERR_BUNDLE_UNSIGNED', `${bundleFile} is not signed by a publisher`, {
    exit: EXIT.refused,
    details: { 'looked for': publicationFile(bundleFile) },
    unharmed: 'Nothing was signed or sent.',
    remedy:
      'Get the .sig file from who published it; for a plugin of your own, make a key once and sign:',
    commands: ['sallyport plugin keygen', `sallyport plugin sign ${bundleFile}`],
  })
}
