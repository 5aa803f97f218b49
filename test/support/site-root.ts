// SPDX-License-Identifier: Apache-2.0
/** The trust root of a test's site as it grows: people join, thresholds change, and agents hear of it. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  makeIdentity,
  openRoot,
  revealRoot,
  signDocument,
  signRoot,
  type Identity,
  type SigningKey,
} from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  encodeDocument,
  encodeEnvelope,
  instantOf,
  pae,
  type DocumentKind,
  type Policy,
  type Result,
  type RootKey,
  type TrustRoot,
} from '@sallyport/core/protocol'
import type { KnownAgent, TestOperator } from './operator.ts'

const DAY = 86_400_000

/** Someone with a role in the root. */
export function person(name: string): Identity {
  return makeIdentity(name, randomBytes(64))
}

/** A key of a person as a root names it. */
export function keyOf(
  who: Identity,
  role: RootKey['role'],
  changes: Partial<RootKey> = {},
): RootKey {
  return {
    holder: who.name,
    role,
    signingKey: encodeBase64url(who.signing.publicKey),
    sealingKey: role === 'root' ? null : encodeBase64url(who.sealing.publicKey),
    notAfter: instantOf(Date.now() + 300 * DAY),
    concerns: [],
    ...changes,
  }
}

/** One document with a signature of each. */
export function signBy<T>(kind: DocumentKind<T>, document: T, ...by: Identity[]): Uint8Array {
  const payload = encodeDocument(kind, document)
  const signatures = by.map(({ signing }) => ({
    keyId: signing.keyId,
    signature: signing.sign(pae(kind.payloadType, payload)),
  }))
  return encodeEnvelope({ payloadType: kind.payloadType, payload, signatures })
}

/** The newest root of a site and what can be done to it. */
export class SiteRoot {
  readonly #operator: TestOperator
  root: TrustRoot
  #policyVersion = 1

  constructor(operator: TestOperator) {
    this.#operator = operator
    const { root, nameKey } = operator.founded
    this.root = revealRoot(openRoot(root), nameKey).root
  }

  /** The version after this one with the case's changes. */
  next(changes: Partial<TrustRoot>): TrustRoot {
    return { ...this.root, version: this.root.version + 1, ...changes }
  }

  /** Signs a root with each of these keys, its names hidden. */
  sign(root: TrustRoot, ...keys: readonly [SigningKey, ...SigningKey[]]): Uint8Array {
    const { nameKey } = this.#operator.founded
    return signRoot(root, keys, { nameKey, random: randomBytes })
  }

  /** The same, its names hidden under a key that nobody at the site has. */
  signUnderOtherNames(root: TrustRoot, key: SigningKey): Uint8Array {
    return signRoot(root, [key], { nameKey: randomBytes(32), random: randomBytes })
  }

  /** Signs the next version by the root key, tells the hub and these agents, and makes it the newest. */
  async change(agents: readonly KnownAgent[], changes: Partial<TrustRoot>): Promise<void> {
    const root = this.next(changes)
    const envelope = this.sign(root, this.#operator.rootKey)
    await this.#operator.hub.publishTrustRoot(root.version, encodeBase64url(envelope))
    for (const agent of agents) {
      const { state, refusal } = await this.send(agent, envelope)
      if (state !== 'done') throw new Error(`the root was not taken: ${refusal?.reason}`)
    }
    this.root = root
  }

  /** Gives an envelope to an agent as any hub could, and returns its answer. */
  async send(agent: KnownAgent, envelope: Uint8Array): Promise<Result> {
    const id = await this.#operator.submit(agent, envelope, randomUUIDv7())
    return this.#operator.answerTo(agent, id)
  }

  /** Signs the next policy by the root key and gives it to an agent. */
  async policy(agent: KnownAgent, text: string, changes: Partial<Policy> = {}): Promise<Result> {
    const version = changes.version ?? (this.#policyVersion += 1)
    const issuedAt = instantOf(Date.now())
    const policy = { siteId: this.root.siteId, version, text, issuedAt, ...changes }
    return this.send(agent, signDocument(documents.policy, policy, this.#operator.rootKey))
  }
}
