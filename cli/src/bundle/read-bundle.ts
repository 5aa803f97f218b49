// SPDX-License-Identifier: Apache-2.0
/** Reads a bundle file without running anything in it. */
import { readFile } from 'node:fs/promises'
import { digestOf, openBundle } from '@sallyport/core/crypto'
import { MAX_BUNDLE_BYTES } from '@sallyport/core/protocol'
import type { Bundle } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** A bundle whose parts fit their digests. */
export interface ReadBundle extends Pick<Bundle, 'manifest' | 'parts'> {
  readonly file: string
  readonly bytes: Uint8Array
  readonly digest: string
}

/** Reads a bundle file. Throws: ERR_BUNDLE_FORM. */
export async function readBundle(file: string): Promise<ReadBundle> {
  const bytes = await readFile(file)
  if (bytes.length > MAX_BUNDLE_BYTES) throw notABundle(file, 'it is larger than a bundle may be')
  const digest = digestOf(bytes)
  try {
    const { manifest, parts } = openBundle(bytes, digest)
    return { file, bytes, digest, manifest, parts }
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw notABundle(file, error.message)
  }
}

function notABundle(file: string, why: string): Problem {
  return new Problem('ERR_BUNDLE_FORM', `${file} is not a bundle: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Build one from the folder of a plugin:',
    commands: ['sallyport plugin build <folder>'],
  })
}
