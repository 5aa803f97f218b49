// SPDX-License-Identifier: Apache-2.0
/** The agent's identity at rest: an encrypted key file, and where its passphrase comes from. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isCodedError, Secret } from '@sallyport/sdk'
import {
  IDENTITY_SEED_BYTES,
  lockKeys,
  makeIdentity,
  PASSPHRASE_COST,
  publicIdentity,
  RANDOM_PASSPHRASE_COST,
  unlockKeys,
  type Identity,
} from '@sallyport/core/crypto'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'

/** Where the vault of an agent lies, and who knows its passphrase. */
export interface VaultPlace {
  readonly stateDir: string
  /** A file a person or systemd provides. Without one a random passphrase lies beside the keys, readable by the owner alone. */
  readonly passphraseFile?: string | undefined
}

/**
 * Opens the vault, or makes a new identity and locks it away where there is none.
 *
 * Why: an enrolment that was cut off goes on with the same keys, because its code is bound to them.
 */
export function openOrCreateVault(name: string, place: VaultPlace): Identity {
  try {
    return openVault(place)
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'ERR_KEY_FILE_MISSING') throw error
    return createVault(name, place)
  }
}

function createVault(name: string, place: VaultPlace): Identity {
  if (place.passphraseFile === undefined) {
    writeKeyFile(keyPath(place), Buffer.from(randomBytes(32).toString('base64url')))
  }
  const seed = randomBytes(IDENTITY_SEED_BYTES)
  const identity = makeIdentity(name, seed)
  const locked = lockKeys(seed, readPassphrase(place), {
    identity: publicIdentity(identity),
    salt: randomBytes(16),
    iv: randomBytes(12),
    cost: place.passphraseFile === undefined ? RANDOM_PASSPHRASE_COST : PASSPHRASE_COST,
  })
  writeKeyFile(join(place.stateDir, 'keys.json'), locked)
  return identity
}

/** Opens the vault. Throws: ERR_KEY_FILE_…, ERR_PASSPHRASE. */
export function openVault(place: VaultPlace): Identity {
  const locked = readKeyFile(join(place.stateDir, 'keys.json'))
  const { identity, plaintext } = unlockKeys(locked, readPassphrase(place))
  return makeIdentity(identity.name, plaintext)
}

function readPassphrase(place: VaultPlace): Secret {
  const bytes = readKeyFile(place.passphraseFile ?? keyPath(place))
  return new Secret(
    Buffer.from(bytes)
      .toString('utf8')
      .replace(/\r?\n$/, ''),
  )
}

function keyPath(place: VaultPlace): string {
  return join(place.stateDir, 'vault.key')
}
