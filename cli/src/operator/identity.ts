// SPDX-License-Identifier: Apache-2.0
/** The operator's identity: made once, kept in a key file under a passphrase. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  IDENTITY_SEED_BYTES,
  foundSite,
  lockKeys,
  passphraseCost,
  makeIdentity,
  openRoot,
  publicIdentity,
  revealRoot,
  unlockKeys,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { readKeyFile, writeDurably, writeKeyFile } from '@sallyport/core/stores'
import { THRESHOLD_PROFILES } from '@sallyport/core/protocol'
import { encodeSiteFile } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readPolicyTemplate } from '../policy/template.ts'
import { keepPolicy } from './kept-roots.ts'
import { keepNameKey } from './name-key.ts'
import { writeRecord } from './records.ts'
import { RECOVERY_SECRET_BYTES, makeRecoveryCode, recoveryIdentityOf } from './recovery-code.ts'
import { keepRootKey, lockedRootKey } from './root-key.ts'
import { Settings, siteOf } from './site.ts'
import type { Site } from './site.ts'

/** What `init` makes. */
export interface NewOperator {
  readonly name: string
  readonly siteName: string
  readonly hub: string
  readonly passphrase: Secret
  readonly profile: keyof typeof THRESHOLD_PROFILES
}

/** What was made. The recovery code is nowhere but here. */
export interface MadeOperator {
  readonly identity: Identity
  readonly site: Site
  readonly recoveryCode: string
}

/** Years until the first trust root of a site has to be renewed. */
const ROOT_YEARS = 3
const YEAR_MS = 366 * 86_400_000

/**
 * Makes identity, root keys, trust root, policy, settings and site, the site last: it is what says that all is there.
 *
 * Why two root keys: the one on this machine may be lost with it; the other is the recovery code, on paper.
 */
export async function makeOperator(home: Home, made: NewOperator): Promise<MadeOperator> {
  const { identity, box } = lockedIdentity(made.name, made.passphrase)
  const rootKey = lockedRootKey(made.name, made.passphrase)
  const recoveryCode = makeRecoveryCode(randomBytes(RECOVERY_SECRET_BYTES))
  const nowMs = Date.now()
  const { root, policy, nameKey } = foundSite({
    siteId: randomUUIDv7(),
    siteName: made.siteName,
    operator: publicIdentity(identity),
    rootKeys: [rootKey.signing],
    recovery: recoveryIdentityOf(recoveryCode),
    thresholds: THRESHOLD_PROFILES[made.profile],
    policyText: await readPolicyTemplate('solo'),
    nowMs,
    expiresAtMs: nowMs + ROOT_YEARS * YEAR_MS,
    random: randomBytes,
  })
  const settings: Settings = { format: 'sallyport-settings-1', hub: made.hub }
  await writeRecord(home.operator.settings, Settings, settings)
  await keepRootKey(home, rootKey.box)
  await keepPolicy(home, policy)
  await keepNameKey(home, nameKey)
  writeKeyFile(home.operator.keys, box, { mustBeNew: true })
  writeDurably(home.operator.site, encodeSiteFile(root), { mustBeNew: true })
  return { identity, site: siteOf(revealRoot(openRoot(root), nameKey)), recoveryCode }
}

/** A new identity and the bytes of its key file, which nobody has kept yet. */
export function lockedIdentity(
  name: string,
  passphrase: Secret,
): { identity: Identity; box: Uint8Array } {
  const seed = randomBytes(IDENTITY_SEED_BYTES)
  const identity = makeIdentity(name, seed)
  const box = lockKeys(seed, passphrase, {
    identity: publicIdentity(identity),
    salt: randomBytes(16),
    iv: randomBytes(12),
    cost: passphraseCost(passphrase),
  })
  seed.fill(0)
  return { identity, box }
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
