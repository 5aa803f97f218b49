// SPDX-License-Identifier: Apache-2.0
/** The operator's identity: made once, kept in a key file under a passphrase. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  IDENTITY_SEED_BYTES,
  PASSPHRASE_COST,
  lockKeys,
  makeIdentity,
  publicIdentity,
  unlockKeys,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { readKeyFile, writeDurably, writeKeyFile } from '@sallyport/core/stores'
import { encodeSiteFile } from '@sallyport/core/transport'
import type { SiteFile } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { writeRecord } from './records.ts'
import { Settings } from './site.ts'

/** What `init` makes. */
export interface NewOperator {
  readonly name: string
  readonly siteName: string
  readonly hub: string
  readonly passphrase: Secret
}

/** Makes the identity, the site and the settings, in this order: the site is what says that all is there. */
export async function makeOperator(
  home: Home,
  made: NewOperator,
): Promise<{ identity: Identity; site: SiteFile }> {
  const seed = randomBytes(IDENTITY_SEED_BYTES)
  const identity = makeIdentity(made.name, seed)
  const site: SiteFile = {
    format: 'sallyport-site-1',
    siteId: randomUUIDv7(),
    name: made.siteName,
    operators: [publicIdentity(identity)],
  }
  const box = lockKeys(seed, made.passphrase, {
    identity: publicIdentity(identity),
    salt: randomBytes(16),
    iv: randomBytes(12),
    cost: PASSPHRASE_COST,
  })
  seed.fill(0)
  const settings: Settings = { format: 'sallyport-settings-1', hub: made.hub }
  await writeRecord(home.operator.settings, Settings, settings)
  writeKeyFile(home.operator.keys, box, { mustBeNew: true })
  writeDurably(home.operator.site, encodeSiteFile(site), { mustBeNew: true })
  return { identity, site }
}

/** Opens the key file. Throws: ERR_PASSPHRASE, ERR_KEY_FILE_MISSING, ERR_KEY_FILE_MODE, ERR_KEY_FILE_FORM. */
export async function unlockOperator(
  home: Home,
  passphrase: () => Promise<Secret>,
): Promise<Identity> {
  const box = readKeyFile(home.operator.keys)
  const { identity, plaintext } = unlockKeys(box, await passphrase())
  const opened = makeIdentity(identity.name, plaintext)
  plaintext.fill(0)
  // Authenticated by the box, but the two halves of a file are compared all the same.
  if (publicIdentity(opened).signingKey === identity.signingKey) return opened
  throw new CodedError('ERR_KEY_FILE_FORM', `${home.operator.keys} holds other keys than it says`)
}
