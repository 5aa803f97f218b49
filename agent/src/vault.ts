// SPDX-License-Identifier: Apache-2.0
/** The agent's identity at rest: an encrypted key file, and where its passphrase comes from. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isCodedError, Secret } from '@sallyport/sdk'
import {
  hkdfSha256,
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

/** What the key of the bindings is derived for. */
const BINDINGS_PURPOSE = 'sallyport agent bindings 1'
const BINDINGS_KEY_BYTES = 32

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

/** What the vault gives: the identity, and the key under which this agent's bindings are sealed. */
export interface VaultKeys {
  readonly identity: Identity
  readonly bindingsKey: Secret<Uint8Array>
}

/** Opens the vault. Throws: ERR_KEY_FILE_…, ERR_PASSPHRASE. */
export function openVault(place: VaultPlace): Identity {
  return openVaultKeys(place).identity
}

/**
 * Opens the vault with all its keys. Throws: ERR_KEY_FILE_…, ERR_PASSPHRASE.
 *
 * Why from the seed: no second secret to keep, and the bindings of one agent are rubbish to every other.
 */
export function openVaultKeys(place: VaultPlace): VaultKeys {
  const locked = readKeyFile(join(place.stateDir, 'keys.json'))
  const { identity, plaintext } = unlockKeys(locked, readPassphrase(place))
  const key = hkdfSha256(plaintext, BINDINGS_PURPOSE, BINDINGS_KEY_BYTES)
  return { identity: makeIdentity(identity.name, plaintext), bindingsKey: new Secret(key) }
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
