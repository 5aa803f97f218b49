// SPDX-License-Identifier: Apache-2.0
/** A site whose trust root grows: who holds root keys, who signs, and stores of roots that a case fills. */
import { randomBytes } from 'node:crypto'
import type { AuthorityStore, HeldPolicy } from '../../src/admission/index.ts'
import { SiteAuthority } from '../../src/admission/index.ts'
import {
  blindRoot,
  foundSite,
  openRoot,
  publicIdentity,
  revealRoot,
  rootFingerprintOf,
  signDocument,
  type Identity,
} from '../../src/crypto/index.ts'
import {
  THRESHOLD_PROFILES,
  documents,
  encodeBase64url,
  encodeDocument,
  encodeEnvelope,
  instantOf,
  pae,
  type Policy,
  type RootKey,
  type TrustRoot,
} from '../../src/protocol/index.ts'
import { NOW, SITE_ID, identityOf, operator } from './site.ts'

export const YEAR = 366 * 86_400_000
export const annRoot = identityOf('ann', 31)
export const annSpare = identityOf('ann', 32)
export const benRoot = identityOf('ben', 33)

const founded = foundSite({
  siteId: SITE_ID,
  siteName: 'home',
  operator: publicIdentity(operator),
  rootKeys: [annRoot.signing, annSpare.signing],
  thresholds: THRESHOLD_PROFILES.homelab,
  policyText: 'permit (principal, action, resource);',
  nowMs: NOW,
  expiresAtMs: NOW + YEAR,
  random: randomBytes,
})

/** Envelopes of the first root and policy. */
export const firstRoot = founded.root
export const firstPolicy = founded.policy
/** The first root. */
export const first: TrustRoot = revealRoot(openRoot(firstRoot), founded.nameKey).root

/** A key of a root. */
export function rootKeyOf(
  identity: Identity,
  role: RootKey['role'],
  changes: Partial<RootKey> = {},
): RootKey {
  return {
    holder: identity.name,
    role,
    signingKey: encodeBase64url(identity.signing.publicKey),
    sealingKey: role === 'root' ? null : encodeBase64url(identity.sealing.publicKey),
    notAfter: instantOf(NOW + YEAR),
    concerns: [],
    ...changes,
  }
}

/** The version after a root, with the case's changes. */
export function after(root: TrustRoot, changes: Partial<TrustRoot> = {}): TrustRoot {
  return { ...root, version: root.version + 1, ...changes }
}

/** An envelope with a signature of each. */
export function signRoot(root: TrustRoot, ...by: Identity[]): Uint8Array {
  const { payloadType } = documents.trustRoot
  const blind = blindRoot(root, founded.nameKey, randomBytes)
  const payload = encodeDocument(documents.trustRoot, blind)
  const signatures = by.map(({ signing }) => ({
    keyId: signing.keyId,
    signature: signing.sign(pae(payloadType, payload)),
  }))
  return encodeEnvelope({ payloadType, payload, signatures })
}

/** A signed policy. */
export function signPolicy(changes: Partial<Policy> = {}, by: Identity = annRoot): Uint8Array {
  const policy = { siteId: SITE_ID, version: 2, text: '', issuedAt: instantOf(NOW), ...changes }
  return signDocument(documents.policy, policy, by.signing)
}

/** A store that a case fills. */
export class MemoryAuthority implements AuthorityStore {
  readonly later: Uint8Array[] = []
  held: HeldPolicy | undefined = { envelope: firstPolicy, rootVersion: 1 }
  #revision = 0

  roots(): readonly Uint8Array[] {
    return this.later
  }

  policy(): HeldPolicy | undefined {
    return this.held
  }

  revision(): number {
    return this.#revision
  }

  addRoot(envelope: Uint8Array): void {
    this.later.push(envelope)
    this.#revision += 1
  }

  addPolicy(held: HeldPolicy): void {
    this.held = held
    this.#revision += 1
  }
}

/** The authority over a store; the clock is the case's. */
export function authorityOver(
  store: AuthorityStore,
  now: () => number = () => NOW,
  fingerprint: string = rootFingerprintOf(firstRoot),
): SiteAuthority {
  const { nameKey } = founded
  return new SiteAuthority({ root: firstRoot, fingerprint, nameKey }, store, now)
}
