// SPDX-License-Identifier: Apache-2.0
/** The first documents of a site: a trust root of one person, and the policy under it. */
import { encodeBase64url } from '../protocol/base64url.ts'
import type { RootKey, Threshold } from '../protocol/authority.ts'
import { documents, type PublicIdentity } from '../protocol/documents.ts'
import { instantOf } from '../protocol/primitives.ts'
import type { Identity, SigningKey } from './keys.ts'
import { NAME_KEY_BYTES } from './names.ts'
import type { RandomBytes } from './seal-now.ts'
import { signDocument } from './sign.ts'
import { signRoot } from './trust-root.ts'

/** What a site begins with. Units: epoch milliseconds. */
export interface Founding {
  readonly siteId: string
  readonly siteName: string
  /** The first operator; also the holder of the root keys. */
  readonly operator: PublicIdentity
  /** The first one signs. */
  readonly rootKeys: readonly [SigningKey, ...SigningKey[]]
  /** The root key of last resort. What a person must not lose is sealed to it too. */
  readonly recovery?: Pick<Identity, 'signing' | 'sealing'>
  readonly thresholds: readonly Threshold[]
  readonly policyText: string
  readonly nowMs: number
  readonly expiresAtMs: number
  /** Where the name key comes from, and what sealing the names needs. */
  readonly random: RandomBytes
}

/** The first documents of a site, as envelopes, and the key under which its names are hidden. */
export interface FoundedSite {
  readonly root: Uint8Array
  readonly policy: Uint8Array
  readonly nameKey: Uint8Array
}

/** Makes the name key and signs root and policy, each in its version 1. Throws: as `signRoot`. */
export function foundSite(founding: Founding): FoundedSite {
  const { siteId, siteName, operator, rootKeys, thresholds, policyText, nowMs } = founding
  const issuedAt = instantOf(nowMs)
  const expiresAt = instantOf(founding.expiresAtMs)
  const { random } = founding
  const nameKey = random(NAME_KEY_BYTES)
  const { name: holder, signingKey, sealingKey } = operator
  const common = { holder, notAfter: expiresAt, concerns: [] }
  const keys: RootKey[] = [
    ...rootKeys.map(({ publicKey }): RootKey => ({
      ...common,
      role: 'root',
      signingKey: encodeBase64url(publicKey),
      sealingKey: null,
    })),
    ...(founding.recovery === undefined ? [] : [{ ...common, ...recoveryKeys(founding.recovery) }]),
    { ...common, role: 'operator', signingKey, sealingKey },
  ]
  const root = {
    siteId,
    siteName,
    version: 1,
    rootThreshold: 1,
    keys,
    thresholds: [...thresholds],
    issuedAt,
    expiresAt,
  }
  const policy = { siteId, version: 1, text: policyText, issuedAt }
  return {
    root: signRoot(root, [rootKeys[0]], { nameKey, random }),
    policy: signDocument(documents.policy, policy, rootKeys[0]),
    nameKey,
  }
}

function recoveryKeys({
  signing,
  sealing,
}: Pick<Identity, 'signing' | 'sealing'>): Pick<RootKey, 'role' | 'signingKey' | 'sealingKey'> {
  return {
    role: 'root',
    signingKey: encodeBase64url(signing.publicKey),
    sealingKey: encodeBase64url(sealing.publicKey),
  }
}
