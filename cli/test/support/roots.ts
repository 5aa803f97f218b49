// SPDX-License-Identifier: Apache-2.0
/** People with keys of every kind, and trust roots that name and bind them. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  makeIdentity,
  openRoot,
  publicIdentity,
  revealRoot,
  signRoot as signNamed,
} from '@sallyport/core/crypto'
import type { Identity, SigningKey, VerifiedRoot } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { RootKey, TrustRoot } from '@sallyport/core/protocol'
import { rootKeyFor } from '../../src/trust/root-change.ts'
import { NOW } from './site.ts'

const nowMs = Date.parse(NOW)

/** What the names of these sites are hidden under. */
export const NAME_KEY = randomBytes(32)

/** One person: keys to work with, and root keys. */
export interface Person {
  readonly name: string
  readonly operator: Identity
  readonly root: SigningKey
  readonly recovery: Identity
}

/** A person with new keys. */
export function personOf(name: string): Person {
  const key = (): SigningKey => makeIdentity(name, randomBytes(64)).signing
  return {
    name,
    operator: makeIdentity(name, randomBytes(64)),
    root: key(),
    recovery: makeIdentity(name, randomBytes(64)),
  }
}

/** The keys of a person as a root has them. */
export function keysOf({ name: holder, operator, root, recovery }: Person): RootKey[] {
  const { signingKey, sealingKey } = publicIdentity(operator)
  const { name: _, ...spare } = publicIdentity(recovery)
  return [
    rootKeyFor({ holder, role: 'operator', signingKey, sealingKey }, { nowMs }),
    rootKeyFor(
      { holder, role: 'root', signingKey: encodeBase64url(root.publicKey), sealingKey: null },
      { nowMs },
    ),
    rootKeyFor({ holder, role: 'root', ...spare }, { nowMs }),
  ]
}

/** The first root of a site with these people. */
export function firstRoot(people: readonly Person[], changes: Partial<TrustRoot> = {}): TrustRoot {
  const effects = ['read', 'change', 'destroy'] as const
  return {
    siteId: randomUUIDv7(),
    siteName: 'home',
    version: 1,
    rootThreshold: 1,
    keys: people.flatMap(keysOf),
    thresholds: effects.map((effect) => ({ jobTypes: '*', effect, operators: 1, customers: 0 })),
    issuedAt: NOW,
    expiresAt: '2027-11-22T08:00:00.000Z',
    ...changes,
  }
}

/** A root signed by these keys. */
export function signRoot(
  root: TrustRoot,
  keys: readonly [SigningKey, ...SigningKey[]],
): VerifiedRoot {
  const envelope = signNamed(root, keys, { nameKey: NAME_KEY, random: randomBytes })
  return revealRoot(openRoot(envelope), NAME_KEY)
}
