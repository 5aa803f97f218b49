// SPDX-License-Identifier: Apache-2.0
/** Whom a party of a site believes at this moment: the newest trust root it holds, and the policy that came under it. */
import { CodedError } from '@sallyport/sdk'
import {
  followRoot,
  isExpired,
  revealRoot,
  trustStoreOf,
  verifyFirstRoot,
  verifyNextRoot,
  verifyPolicy,
  type SignedRoot,
  type TrustStore,
  type VerifiedRoot,
} from '../crypto/index.ts'
import { epochMs, type Policy, type Refusal, type TrustRoot } from '../protocol/index.ts'

/** A policy as it is held, with the version of the root it was taken under. */
export interface HeldPolicy {
  readonly envelope: Uint8Array
  readonly rootVersion: number
}

/** Roots and policies as they are held. Trust: bytes that anyone may have written; they are verified when they are read. */
export interface AuthorityStore {
  /** Envelopes of the roots after the anchor, by rising version. */
  roots(): readonly Uint8Array[]
  policy(): HeldPolicy | undefined
  /** Changes with every write. Why: verified roots are kept as long as it stays. */
  revision(): number
}

/** What a party was given to begin with. */
export interface Anchor {
  /** DSSE envelope of a root. */
  readonly root: Uint8Array
  readonly fingerprint: string
}

/** The same with the key to the names of its site. */
export interface NamedAnchor extends Anchor {
  readonly nameKey: Uint8Array
}

interface Known {
  readonly revision: number
  readonly chain: readonly VerifiedRoot[]
  readonly policy: Policy | undefined
}

interface KeysNow {
  readonly root: TrustRoot
  readonly trust: TrustStore
  /** Units: epoch milliseconds. A key, or the root, ends then. */
  readonly untilMs: number
}

/**
 * The authority of a site as one party holds it. It answers as a trust store whose keys are those of the newest root.
 *
 * Trust: the anchor counts by its fingerprint, each root by the one before, a policy by the root it was taken under. Any
 * break throws: nobody is believed rather than the wrong one.
 * Time: keys end at their `notAfter`, by the clock that is handed in.
 */
export class SiteAuthority implements TrustStore {
  readonly #anchor: NamedAnchor
  readonly #store: AuthorityStore
  readonly #now: () => number
  #known: Known | undefined
  #keys: KeysNow | undefined

  constructor(anchor: NamedAnchor, store: AuthorityStore, now: () => number) {
    this.#anchor = anchor
    this.#store = store
    this.#now = now
  }

  get siteId(): string {
    return this.root().siteId
  }

  /** The newest root. Throws: ERR_TRUST_BROKEN, ERR_ROOT_NAMES, ERR_STORE_…. */
  root(): TrustRoot {
    return this.#newest().root
  }

  /** All roots from the anchor on, by rising version. */
  chain(): readonly VerifiedRoot[] {
    return this.#read().chain
  }

  /** The policy; undefined when none was ever taken. */
  policy(): Policy | undefined {
    return this.#read().policy
  }

  /** Whether the newest root has expired, so that only a newer one can be taken. */
  isExpired(): boolean {
    return isExpired(this.root(), this.#now())
  }

  find(keyId: string): ReturnType<TrustStore['find']> {
    return this.#trust().find(keyId)
  }

  withRole(role: Parameters<TrustStore['withRole']>[0]): ReturnType<TrustStore['withRole']> {
    return this.#trust().withRole(role)
  }

  needFor(...asked: Parameters<TrustStore['needFor']>): ReturnType<TrustStore['needFor']> {
    return this.#trust().needFor(...asked)
  }

  /** X25519 keys of the operators, base64url: they may read everything. */
  operatorReaders(): string[] {
    return this.#readers(({ role }) => role === 'operator')
  }

  /**
   * X25519 keys of the customers whom something concerns that happened on an agent, base64url.
   *
   * @param about what it is about (`guest/101`); when nothing is said, it concerns everyone with anything on this agent
   */
  customerReaders(agentName: string, about: readonly string[]): string[] {
    return this.#readers(({ role, concerns }) => {
      if (role !== 'customer') return false
      if (about.length === 0 || concerns.includes(`agent/${agentName}`)) return concerns.length > 0
      return concerns.some((concern) => about.includes(concern))
    })
  }

  /** X25519 keys of the people of the site, base64url: whoever a document may name as a reader. */
  personReaders(): string[] {
    return this.#readers(() => true)
  }

  /** Takes a candidate for the next root: verified, or the refusal. */
  verifyNext(envelope: Uint8Array): ReturnType<typeof followRoot> {
    return followRoot(this.#newest(), envelope)
  }

  /** Takes a candidate for the next policy: verified and newer than the one held, or the refusal. */
  verifyPolicy(envelope: Uint8Array): ReturnType<typeof verifyPolicy> {
    const verdict = verifyPolicy(this.root(), envelope)
    if (!verdict.ok) return verdict
    const held = this.policy()?.version ?? 0
    const { version } = verdict.policy
    if (version > held) return verdict
    return { ok: false, refusal: { reason: 'stale_version', details: { version, held } } }
  }

  #readers(isMeant: (key: TrustRoot['keys'][number]) => boolean): string[] {
    const { root, trust } = this.#current()
    const known = new Set(
      [...trust.withRole('operator'), ...trust.withRole('customer')].map((key) =>
        Buffer.from(key.publicKey).toString('base64url'),
      ),
    )
    return root.keys
      .filter((key) => isMeant(key) && known.has(key.signingKey))
      .flatMap(({ sealingKey }) => (sealingKey === null ? [] : [sealingKey]))
  }

  #trust(): TrustStore {
    return this.#current().trust
  }

  #current(): KeysNow {
    const { root } = this.#newest()
    const nowMs = this.#now()
    if (this.#keys?.root === root && nowMs < this.#keys.untilMs) return this.#keys
    const ends = [root.expiresAt, ...root.keys.map(({ notAfter }) => notAfter)].map(epochMs)
    const untilMs = Math.min(...ends.filter((endMs) => endMs > nowMs), Infinity)
    this.#keys = { root, trust: trustStoreOf(root, nowMs), untilMs }
    return this.#keys
  }

  #newest(): VerifiedRoot {
    return this.#read().chain.at(-1)!
  }

  #read(): Known {
    const revision = this.#store.revision()
    if (this.#known?.revision === revision) return this.#known
    const { nameKey } = this.#anchor
    const signed = chainOf(this.#anchor, this.#store.roots())
    const chain = signed.map((each) => revealRoot(each, nameKey))
    this.#known = { revision, chain, policy: policyIn(chain, this.#store.policy()) }
    return this.#known
  }
}

/**
 * Verifies roots from the anchor on, each by the one before.
 *
 * Throws: ERR_TRUST_BROKEN at the first that does not hold.
 */
export function chainOf(anchor: Anchor, later: readonly Uint8Array[]): SignedRoot[] {
  const first = verifyFirstRoot(anchor.root, anchor.fingerprint)
  if (!first.ok) throw broken('the first trust root', first.refusal)
  const chain: SignedRoot[] = [first]
  for (const envelope of later) {
    const { root } = chain.at(-1)!
    const next = verifyNextRoot(root, envelope)
    if (!next.ok) throw broken(`the trust root after version ${root.version}`, next.refusal)
    chain.push(next)
  }
  return chain
}

function policyIn(
  chain: readonly VerifiedRoot[],
  held: HeldPolicy | undefined,
): Policy | undefined {
  if (held === undefined) return undefined
  const under = chain.find(({ root }) => root.version === held.rootVersion)
  if (under === undefined) throw broken('the policy', { reason: 'stale_version', details: {} })
  const verdict = verifyPolicy(under.root, held.envelope)
  if (!verdict.ok) throw broken('the policy', verdict.refusal)
  return verdict.policy
}

function broken(what: string, { reason, details }: Refusal): CodedError<'ERR_TRUST_BROKEN'> {
  return new CodedError('ERR_TRUST_BROKEN', `${what} does not hold: ${reason}`, {
    details: { reason, ...details },
  })
}
