// SPDX-License-Identifier: Apache-2.0
/** The public keys and roles that one party believes. */
import { CodedError } from '@sallyport/sdk'
import type { Threshold } from '../protocol/authority.ts'
import type { Role } from '../protocol/documents.ts'
import { keyIdOf, parseSigningPublicKey } from './public-key.ts'

/** How many distinct holders must sign; one signature is always needed. */
export type SignatureNeed = Pick<Threshold, 'operators' | 'customers'>

/** One key that is believed, in exactly one role. `name` is its holder's. */
export interface TrustedKey {
  readonly keyId: string
  readonly publicKey: Uint8Array
  readonly role: Role
  readonly name: string
  /** What is theirs: `guest/101`, `agent/pve1`. Customers alone have any. */
  readonly concerns: readonly string[]
}

/** Keys by id and by role. It cannot change. */
export interface TrustStore {
  readonly siteId: string
  find(keyId: string): TrustedKey | undefined
  withRole(role: Role): TrustedKey[]
  /** What the most specific threshold asks for. */
  needFor(jobType: string, effect: Threshold['effect']): SignatureNeed
}

/** What is needed where nothing else is said: one operator. */
const ONE_OPERATOR: SignatureNeed = { operators: 1, customers: 0 }

/**
 * Makes a trusted key of a signing key, as bytes or base64url.
 *
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function makeTrustedKey(
  role: Role,
  name: string,
  key: string | Uint8Array,
  concerns: readonly string[] = [],
): TrustedKey {
  const publicKey = parseSigningPublicKey(key)
  return Object.freeze({ keyId: keyIdOf(publicKey), publicKey, role, name, concerns })
}

/**
 * Makes a trust store.
 *
 * Trust: every key is checked again; a key may stand in it once, so that nobody holds two roles.
 * Throws: ERR_TRUST_STORE, ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function makeTrustStore(
  siteId: string,
  keys: readonly TrustedKey[],
  thresholds: readonly Threshold[] = [],
): TrustStore {
  const byId = new Map<string, TrustedKey>()
  for (const { keyId, publicKey, role, name, concerns } of keys) {
    const key = makeTrustedKey(role, name, publicKey, concerns)
    if (key.keyId !== keyId) throw storeError('a key stands under a foreign id', keyId)
    if (byId.has(keyId)) throw storeError('a key stands twice', keyId)
    byId.set(keyId, key)
  }
  return Object.freeze({
    siteId,
    find: (keyId: string) => byId.get(keyId),
    withRole: (role: Role) => [...byId.values()].filter((key) => key.role === role),
    needFor: (jobType: string, effect: Threshold['effect']) => needIn(thresholds, jobType, effect),
  })
}

/** Why the longest: patterns that match one job type are each a beginning of the next. */
function needIn(
  thresholds: readonly Threshold[],
  jobType: string,
  effect: Threshold['effect'],
): SignatureNeed {
  const [best] = thresholds
    .filter((each) => each.effect === effect && isMatch(each.jobTypes, jobType))
    .toSorted((a, b) => b.jobTypes.length - a.jobTypes.length)
  if (best === undefined) return ONE_OPERATOR
  return { operators: best.operators, customers: best.customers }
}

function isMatch(pattern: string, jobType: string): boolean {
  return pattern.endsWith('*') ? jobType.startsWith(pattern.slice(0, -1)) : pattern === jobType
}

function storeError(why: string, keyId: string): CodedError<'ERR_TRUST_STORE'> {
  return new CodedError('ERR_TRUST_STORE', `trust store: ${why}`, { details: { why, keyId } })
}
