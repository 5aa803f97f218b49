// SPDX-License-Identifier: Apache-2.0
/** The root key of a person: it signs trust roots and policies and nothing else, and is best kept offline. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  IDENTITY_SEED_BYTES,
  lockKeys,
  passphraseCost,
  makeIdentity,
  publicIdentity,
  unlockKeys,
} from '@sallyport/core/crypto'
import type { SigningKey } from '@sallyport/core/crypto'
import type { Secret } from '@sallyport/sdk'
import { CodedError } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/**
 * Makes the root key of a holder from fresh random bytes and keeps it under a passphrase.
 *
 * Throws: ERR_KEY_FILE_EXISTS unless `isReplacing`.
 */
export async function makeRootKey(
  home: Home,
  holder: string,
  passphrase: Secret,
  { isReplacing = false }: { isReplacing?: boolean } = {},
): Promise<SigningKey> {
  const { signing, box } = lockedRootKey(holder, passphrase)
  await keepRootKey(home, box, { isReplacing })
  return signing
}

/** A new root key and the bytes of its file, which nobody has kept yet. */
export function lockedRootKey(
  holder: string,
  passphrase: Secret,
): { signing: SigningKey; box: Uint8Array } {
  const seed = randomBytes(IDENTITY_SEED_BYTES)
  const identity = makeIdentity(holder, seed)
  const once = { salt: randomBytes(16), iv: randomBytes(12) }
  const header = { identity: publicIdentity(identity), ...once, cost: passphraseCost(passphrase) }
  const box = lockKeys(seed, passphrase, header)
  seed.fill(0)
  return { signing: identity.signing, box }
}

/** Writes the file of a root key. Throws: ERR_KEY_FILE_EXISTS unless `isReplacing`. */
export async function keepRootKey(
  home: Home,
  box: Uint8Array,
  { isReplacing = false }: { isReplacing?: boolean } = {},
): Promise<void> {
  // Commands that only read do not pay for loading the database.
  const { writeKeyFile } = await import('@sallyport/core/stores')
  await mkdir(dirname(home.operator.rootKey), { recursive: true, mode: 0o700 })
  writeKeyFile(home.operator.rootKey, box, { mustBeNew: !isReplacing })
}

/** Whether there is a root key on this machine. */
export function hasRootKey(home: Home): boolean {
  return existsSync(home.operator.rootKey)
}

/**
 * Opens the file of the root key.
 *
 * Throws: ERR_NO_ROOT_KEY before a passphrase is asked for, ERR_PASSPHRASE, ERR_KEY_FILE_….
 */
export async function unlockRootKey(
  home: Home,
  passphrase: () => Promise<Secret>,
): Promise<SigningKey> {
  if (!hasRootKey(home)) throw noRootKey(home)
  const { readKeyFile } = await import('@sallyport/core/stores')
  const box = readKeyFile(home.operator.rootKey)
  const { identity, plaintext } = unlockKeys(box, await passphrase())
  const opened = makeIdentity(identity.name, plaintext)
  plaintext.fill(0)
  if (publicIdentity(opened).signingKey === identity.signingKey) return opened.signing
  const { rootKey } = home.operator
  throw new CodedError('ERR_KEY_FILE_FORM', `${rootKey} holds other keys than it says`)
}

function noRootKey(home: Home): Problem {
  return new Problem('ERR_NO_ROOT_KEY', 'there is no root key on this machine', {
    exit: EXIT.refused,
    details: { 'looked for': home.operator.rootKey },
    unharmed: 'Nothing was signed or sent.',
    remedy:
      'Put the file of your root key back where it was kept from; if it is lost, the recovery code stands in for it:',
    commands: ['sallyport trust recover --code <recovery code>'],
  })
}
