// SPDX-License-Identifier: Apache-2.0
/** The next version of a test site's trust root, and people to put into it. */
import { randomBytes } from 'node:crypto'
import { openRoot, revealRoot, signRoot } from '@sallyport/core/crypto'
import type { Identity, SigningKey } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  encodeBase64url,
  type RootKey,
  type TrustRoot,
} from '@sallyport/core/protocol'
import { MINUTE, type TestSite } from './site.ts'

/** The newest root that the hub holds. */
export async function newestRoot(site: TestSite): Promise<TrustRoot> {
  const roots = await site.operator.readTrustRoots()
  return revealRoot(openRoot(decodeBase64url(roots.at(-1)!)), site.founded.nameKey).root
}

/** A key of a root. */
export function rootKeyOf(
  site: TestSite,
  identity: Identity,
  role: RootKey['role'],
  lifetimeMs = 400 * 24 * 60 * MINUTE,
): RootKey {
  return {
    holder: identity.name,
    role,
    signingKey: encodeBase64url(identity.signing.publicKey),
    sealingKey: role === 'root' ? null : encodeBase64url(identity.sealing.publicKey),
    notAfter: site.instantIn(lifetimeMs),
    concerns: role === 'customer' ? ['guest/101'] : [],
  }
}

/** Signs the version after the newest, with changes. */
export async function nextRoot(
  site: TestSite,
  change: (root: TrustRoot) => Partial<TrustRoot>,
  keys: readonly [SigningKey, ...SigningKey[]] = [site.rootKey],
): Promise<string> {
  const root = await newestRoot(site)
  const next = { ...root, version: root.version + 1, ...change(root) }
  const { nameKey } = site.founded
  return encodeBase64url(signRoot(next, keys, { nameKey, random: randomBytes }))
}

/** Publishes a root with more keys. */
export async function addKeys(site: TestSite, ...keys: RootKey[]): Promise<void> {
  const next = await nextRoot(site, (root) => ({ keys: [...root.keys, ...keys] }))
  await site.operator.publishTrustRoot((await newestRoot(site)).version + 1, next)
}
