// SPDX-License-Identifier: Apache-2.0
/** Sessions: a signed answer to a challenge buys a short token; operators and agents do it in the same way. */
import {
  issueAccessToken,
  makeTrustStore,
  makeTrustedKey,
  verifyAccessToken,
  verifyEnvelope,
  type AccessToken,
  type AccessTokenKey,
} from '@sallyport/core/crypto'
import {
  documents,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type Envelope,
} from '@sallyport/core/protocol'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { randomUUID } from 'node:crypto'
import { expectServed } from '../agents/lives.ts'
import type { HubLimits } from '../limits.ts'
import type { HubAddresses } from './addresses.ts'
import type { Challenges } from './challenges.ts'
import type { KnownPrincipal, Principals } from './principals.ts'

/** What sessions are made of. */
export interface SessionsParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly challenges: Challenges
  readonly principals: Principals
  readonly addresses: HubAddresses
  readonly key: AccessTokenKey
}

const ISSUER = 'sallyport-hub'
const AUDIENCE = 'sallyport-hub'

/** Opens sessions and recognises their tokens. */
export class Sessions {
  readonly #parts: SessionsParts

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /**
   * Opens a session for whoever signed the proof.
   *
   * Trust: the signature is verified first; then the proof must name this hub, this key and a challenge of ours that
   * nobody has answered. Its `issuedAt` is not looked at: the challenge is what makes it fresh, and clocks may differ.
   * Throws: ERR_SESSION_PROOF, the same for every reason.
   */
  async open(proof: string): Promise<AccessToken & { known: KnownPrincipal }> {
    const known = await this.#verify(proof).catch((error: unknown) => {
      if (isCodedError(error)) return undefined
      throw error
    })
    if (known === undefined) throw new CodedError('ERR_SESSION_PROOF', 'the proof does not hold')
    expectServed(known.standing)
    const { clock, limits, key } = this.#parts
    const { principal } = known
    const terms = { issuer: ISSUER, audience: AUDIENCE, nowMs: clock.now() }
    const claims = { ...principal, tokenId: randomUUID() }
    const token = await issueAccessToken(claims, key, { ...terms, lifetimeMs: limits.tokenMs })
    return { ...token, known }
  }

  /** The bearer of a token, if the token is alive and its bearer still is who it says. */
  async recognise(token: string): Promise<KnownPrincipal | undefined> {
    const { clock, key, principals } = this.#parts
    const terms = { issuer: ISSUER, audience: AUDIENCE, nowMs: clock.now() }
    const claims = await verifyAccessToken(token, key, terms)
    if (claims === undefined) return undefined
    const known = await principals.find(claims.keyId)
    if (known === undefined) return undefined
    const { role, siteId, agentId } = known.principal
    const isSame = role === claims.role && siteId === claims.siteId && agentId === claims.agentId
    if (isSame) expectServed(known.standing)
    return isSame ? known : undefined
  }

  async #verify(proof: string): Promise<KnownPrincipal | undefined> {
    const { challenges, addresses } = this.#parts
    const kind = documents.sessionProof
    const envelope = parseEnvelope(Buffer.from(proof), maxEnvelopeBytes(kind.maxBytes))
    const known = await this.#signerOf(envelope)
    if (known === undefined) return undefined
    const { role, siteId } = known.principal
    const key = makeTrustedKey(role, known.name, known.signingKey)
    const verification = verifyEnvelope(envelope, kind, makeTrustStore(siteId, [key]))
    if (!verification.ok) return undefined
    const { challenge, hub, keyId } = parseDocument(kind, verification.payload)
    if (keyId !== key.keyId || !addresses.has(hub)) return undefined
    return (await challenges.burn(challenge, keyId)) ? known : undefined
  }

  async #signerOf(envelope: Envelope): Promise<KnownPrincipal | undefined> {
    const [signature, ...others] = envelope.signatures
    if (signature === undefined || others.length > 0) return undefined
    return this.#parts.principals.find(signature.keyId)
  }
}
