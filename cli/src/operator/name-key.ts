// SPDX-License-Identifier: Apache-2.0
/** The key to the names of a site: this machine keeps it, and opens it from a trust root where it does not have it yet. */
import { openNameKey, parseNameKey, revealRoot } from '@sallyport/core/crypto'
import type { Identity, SignedRoot, VerifiedRoot } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { readRecord, writeRecord } from './records.ts'

const Kept = z.strictObject({
  format: z.literal('sallyport-name-key-1'),
  nameKey: z.string().length(43),
})

/** The key that this machine keeps; undefined when there is none. Throws: ERR_RECORD_FORM. */
export async function readNameKey(home: Home): Promise<Uint8Array | undefined> {
  const kept = await readRecord(home.operator.nameKey, Kept)
  return kept && parseNameKey(kept.nameKey)
}

/** Keeps it. Why in clear: whoever reads this folder reads the names of all agents beside it. */
export async function keepNameKey(home: Home, nameKey: Uint8Array): Promise<void> {
  const kept = { format: 'sallyport-name-key-1' as const, nameKey: encodeBase64url(nameKey) }
  await writeRecord(home.operator.nameKey, Kept, kept)
}

/**
 * Shows a root with its names, by the key that is kept, else by the one that the root has for these keys, which is kept.
 *
 * Throws: ERR_ROOT_NAMES.
 */
export async function nameRoot(
  home: Home,
  root: SignedRoot,
  { sealing }: Pick<Identity, 'sealing'>,
): Promise<VerifiedRoot> {
  const kept = await readNameKey(home)
  const known = kept && tryToName(root, kept)
  if (known !== undefined) return known
  const opened = await openNameKey(root.root, sealing)
  const named = revealRoot(root, opened)
  await keepNameKey(home, opened)
  return named
}

/** Shows a root with its names, by the key that is kept. Throws: ERR_ROOT_NAMES. */
export async function nameKeptRoot(home: Home, root: SignedRoot): Promise<VerifiedRoot> {
  const kept = await readNameKey(home)
  if (kept !== undefined) return revealRoot(root, kept)
  throw new Problem('ERR_ROOT_NAMES', 'this machine cannot read the names of the site yet', {
    exit: EXIT.refused,
    unharmed: 'Nothing was changed.',
    remedy: 'Once others have taken your keys into the trust root, a command that opens them can:',
    commands: ['sallyport trust show'],
  })
}

/** Why: a key that was kept for another site, or was damaged, must not keep out whoever can open the right one. */
function tryToName(root: SignedRoot, nameKey: Uint8Array): VerifiedRoot | undefined {
  try {
    return revealRoot(root, nameKey)
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_ROOT_NAMES') return undefined
    throw error
  }
}
