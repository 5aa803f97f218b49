// SPDX-License-Identifier: Apache-2.0
/** Sessions: a signed answer to a challenge buys a short token for one key; people and agents do it in the same way. */
import {
  accessTokenHash,
  issueAccessToken,
  makeTrustStore,
  makeTrustedKey,
  verifyAccessToken,
  verifyEnvelope,
  type AccessClaims,
  type AccessToken,
} from '@sallyport/core/crypto'
import {
  documents,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type Envelope,
  type SessionProof,
} from '@sallyport/core/protocol'
import type { Clock } from '@sallyport/core/wiring'
import { isCodedError } from '@sallyport/sdk'
import { randomUUID } from 'node:crypto'
import { expectServed, type Lives } from '../agents/lives.ts'
import type { HubLimits } from '../limits.ts'
import type { OnceValues } from './once-values.ts'
import type { Denial, Presented } from './presented.ts'
import type { KnownPrincipal, Principals } from './principals.ts'
import type { Proofs, ReadProof } from './proofs.ts'
import type { SessionEnds } from './session-ends.ts'
import type { SessionKeys } from './session-keys.ts'

/** What sessions are made of. */
export interface SessionsParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly keys: SessionKeys
  readonly once: OnceValues
  readonly proofs: Proofs
  readonly ends: SessionEnds
  readonly principals: Principals
  readonly lives: Lives
}

/** A session as it is opened. */
export interface OpenedSession extends AccessToken {
  readonly known: KnownPrincipal
  /** The start of the program that opened it, and how many there were before. */
  readonly instance: string
  readonly startCount: number
}

/** Whoever makes a request of a session. */
export interface Recognised {
  readonly known: KnownPrincipal
  /** Of the session: which token, and which start of the program. */
  readonly claims: AccessClaims
}

const ISSUER = 'sallyport-hub'

/** Opens sessions and recognises their requests. */
export class Sessions {
  readonly #parts: SessionsParts

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /**
   * Opens a session for whoever signed the proof of it, for the key that proves this very request.
   *
   * Trust: the request is proven first. Then the signature is verified; the document must name this hub, this key, the
   * key of the request, and a challenge of ours that nobody has answered. Its `issuedAt` is not looked at: the challenge
   * is what makes it fresh, and clocks may differ.
   * Throws: ERR_AGENT_REVOKED, ERR_AGENT_TWINS.
   */
  async open(presented: Presented, text: string): Promise<OpenedSession | Denial> {
    const { proofs } = this.#parts
    const proof = await proofs.read(presented)
    if (proof === undefined) return { code: 'ERR_DPOP_PROOF' }
    const against = await proofs.use(proof)
    if (against !== undefined) return { code: against }
    const answered = await this.#verify(text, proof).catch((error: unknown) => {
      if (isCodedError(error)) return undefined
      throw error
    })
    if (answered === undefined) return { code: 'ERR_SESSION_PROOF' }
    const { known, document } = answered
    if (document === undefined) return { code: 'ERR_SESSION_PROOF', keyId: known.principal.keyId }
    expectServed(known.standing)
    const isLate = !(await this.#meets(known, document))
    return isLate ? { code: 'ERR_SESSION_PROOF' } : this.#issue(known, document)
  }

  /**
   * Finds out who makes a request: the token must be alive, its holder still who it says, and the request proven by the
   * key that the token is bound to.
   *
   * Source: RFC 9449, section 7.1, and section 4.3, step 12.
   */
  async recognise(presented: Presented): Promise<Recognised | Denial> {
    const { token } = presented
    if (token === undefined) return { code: 'ERR_SESSION' }
    const proof = await this.#parts.proofs.read(presented)
    if (proof === undefined) return { code: 'ERR_DPOP_PROOF' }
    const claims = await this.#claimsOf(token, proof)
    const known = claims === undefined ? undefined : await this.#holderOf(claims)
    if (claims === undefined || known === undefined) return { code: 'ERR_SESSION' }
    // Another start of the program has opened a session since: whoever still runs opens one anew, and is seen.
    if (known.instance !== null && known.instance !== claims.instance)
      return { code: 'ERR_SESSION' }
    const isBound = proof.tokenHash === accessTokenHash(token)
    if (claims.dpop !== proof.thumbprint || !isBound) return { code: 'ERR_DPOP_PROOF' }
    if (await this.#parts.ends.hasEnded(claims.tokenId)) return { code: 'ERR_SESSION' }
    const against = await this.#parts.proofs.use(proof)
    return against === undefined ? { known, claims } : { code: against }
  }

  /** Whether this start of an agent's program may have a session. Throws: ERR_AGENT_TWINS. */
  async #meets(known: KnownPrincipal, document: SessionProof): Promise<boolean> {
    const { siteId, agentId, keyId } = known.principal
    const { challenge, instance, startCount } = document
    if (agentId === undefined || known.instance === instance) return true
    const challengedAtMs = await this.#parts.once.issuedAt(challenge, keyId)
    if (challengedAtMs === undefined) return false
    const start = { instance, startCount, challengedAtMs }
    const meeting = await this.#parts.lives.meet({ siteId, agentId }, start)
    if (meeting === 'twins') expectServed('twins')
    return meeting === 'welcome'
  }

  /** Ends a session: its token opens nothing any more. */
  async end({ tokenId }: AccessClaims): Promise<void> {
    await this.#parts.ends.end(tokenId)
  }

  #claimsOf(token: string, { hub }: ReadProof): Promise<AccessClaims | undefined> {
    const { clock, keys } = this.#parts
    const terms = { issuer: ISSUER, audience: hub, nowMs: clock.now() }
    return verifyAccessToken(token, (keyId) => keys.findTokenKey(keyId), terms)
  }

  async #holderOf(claims: AccessClaims): Promise<KnownPrincipal | undefined> {
    const known = await this.#parts.principals.find(claims.keyId)
    if (known === undefined) return undefined
    const { role, siteId, agentId } = known.principal
    const isSame = role === claims.role && siteId === claims.siteId && agentId === claims.agentId
    if (isSame) expectServed(known.standing)
    return isSame ? known : undefined
  }

  async #issue(known: KnownPrincipal, document: SessionProof): Promise<OpenedSession> {
    const { clock, keys, limits } = this.#parts
    const { dpop, instance, startCount, hub } = document
    const claims = { ...known.principal, tokenId: randomUUID(), dpop, instance }
    const terms = { issuer: ISSUER, audience: hub, nowMs: clock.now() }
    const lifetime = { ...terms, lifetimeMs: limits.tokenMs }
    const token = await issueAccessToken(claims, await keys.tokenKey(), lifetime)
    return { ...token, known, instance, startCount }
  }

  /** Who signed; and what, if it is an answer to a challenge of ours. */
  async #verify(
    text: string,
    proof: ReadProof,
  ): Promise<{ known: KnownPrincipal; document: SessionProof | undefined } | undefined> {
    const kind = documents.sessionProof
    const envelope = parseEnvelope(Buffer.from(text), maxEnvelopeBytes(kind.maxBytes))
    const known = await this.#signerOf(envelope)
    if (known === undefined) return undefined
    const { role, siteId } = known.principal
    const key = makeTrustedKey(role, known.name, known.signingKey)
    const verification = verifyEnvelope(envelope, kind, makeTrustStore(siteId, [key]))
    if (!verification.ok) return undefined
    const document = parseDocument(kind, verification.payload)
    if (!(await this.#parts.once.burn(document.challenge, key.keyId))) return undefined
    const isMeant = document.keyId === key.keyId && document.hub === proof.hub
    return { known, document: isMeant && document.dpop === proof.thumbprint ? document : undefined }
  }

  async #signerOf(envelope: Envelope): Promise<KnownPrincipal | undefined> {
    const [signature, ...others] = envelope.signatures
    if (signature === undefined || others.length > 0) return undefined
    return this.#parts.principals.find(signature.keyId)
  }
}

/** Whether a request was denied. */
export function isDenial(outcome: object): outcome is Denial {
  return 'code' in outcome
}
