// SPDX-License-Identifier: Apache-2.0
/** Finds out who makes a request, before a byte of its body is read. */
import type { AccessClaims } from '@sallyport/core/crypto'
import type { Route } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { FastifyRequest } from 'fastify'
import type { HubLimits } from '../limits.ts'
import type { Denial, Presented } from '../sessions/presented.ts'
import type { KnownPrincipal, Principal } from '../sessions/principals.ts'
import { isDenial, type Sessions } from '../sessions/sessions.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the session of the request: its token, and which start of a program opened it. */
    claims?: AccessClaims
    /** Why the request was denied, if it was for what it shows of its maker. */
    denial?: Denial
  }
}

/** What authentication needs. */
export interface AuthenticateParts {
  readonly sessions: Sessions
  readonly agents: AgentStore
  readonly clock: Clock
  readonly limits: HubLimits
}

/** Finds the principal that a route needs; undefined for routes open to all. */
export type Authenticate = (
  request: FastifyRequest,
  auth: Route<unknown, unknown>['auth'],
) => Promise<Principal | undefined>

const TOKEN = /^DPoP ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/
const PROOF = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

const REASONS: Readonly<Record<Denial['code'], string>> = {
  ERR_SESSION: 'there is no live session',
  ERR_SESSION_PROOF: 'the proof does not hold',
  ERR_DPOP_PROOF: 'the request is not proven by the key of its session',
  ERR_DPOP_NONCE: 'the proof needs the nonce of this answer',
}

/** Makes the check. It throws ERR_SESSION, ERR_DPOP_PROOF, ERR_DPOP_NONCE, ERR_STORE_AWAY or ERR_ROLE. */
export function makeAuthenticate(parts: AuthenticateParts): Authenticate {
  return async (request, auth) => {
    if (auth === 'none') return undefined
    const recognised = await parts.sessions.recognise(presentedBy(request))
    if (isDenial(recognised)) throw deny(request, recognised)
    const { known, claims } = recognised
    const { principal } = known
    if (!isAllowed(auth, principal.role)) {
      throw new CodedError('ERR_ROLE', `this is for sessions of: ${auth}`)
    }
    request.claims = claims
    await noteSight(parts, known)
    return principal
  }
}

/** What a request shows of whoever makes it. Two of one header are joined by a comma, and so are none that we take. */
export function presentedBy(request: FastifyRequest): Presented {
  const { authorization = '', dpop } = request.headers
  const proof = typeof dpop === 'string' && PROOF.test(dpop) ? dpop : undefined
  const [path = ''] = request.url.split('?', 1)
  return { method: request.method, path, token: TOKEN.exec(authorization)?.[1], proof }
}

/** The one place at which a request is denied for what it shows of its maker; see `request.denial`. */
export function deny(request: FastifyRequest, denial: Denial): CodedError {
  request.denial = denial
  return new CodedError(denial.code, REASONS[denial.code])
}

function isAllowed(auth: Route<unknown, unknown>['auth'], role: Principal['role']): boolean {
  if (auth === 'person') return isPerson(role)
  if (auth === 'holder') return role !== 'agent'
  return auth === 'any' || auth === role
}

function isPerson(role: Principal['role'] | undefined): boolean {
  return role === 'operator' || role === 'customer'
}

/** Whoever makes a request. Throws: ERR_SESSION. */
export function principalOf(principal: Principal | undefined): Principal {
  if (principal !== undefined) return principal
  throw new CodedError('ERR_SESSION', 'there is no live session')
}

/** The operator or customer of a request. Throws: ERR_ROLE. */
export function personOf(principal: Principal | undefined): Principal {
  if (principal !== undefined && isPerson(principal.role)) return principal
  throw new CodedError('ERR_ROLE', 'this is for sessions of a person')
}

/** The operator of a request. Throws: ERR_ROLE. */
export function operatorOf(principal: Principal | undefined): Principal {
  if (principal?.role === 'operator') return principal
  throw new CodedError('ERR_ROLE', 'this is for sessions of an operator')
}

/** The agent of a request. Throws: ERR_ROLE. */
export function agentOf(principal: Principal | undefined): MailboxOwner {
  const { siteId, agentId } = principal ?? {}
  if (siteId !== undefined && agentId !== undefined) return { siteId, agentId }
  throw new CodedError('ERR_ROLE', 'this is for sessions of an agent')
}

async function noteSight(parts: AuthenticateParts, known: KnownPrincipal): Promise<void> {
  const { siteId, agentId } = known.principal
  if (agentId === undefined) return
  const nowMs = parts.clock.now()
  const agoMs = nowMs - (known.lastSeenAtMs ?? -Infinity)
  if (agoMs >= parts.limits.seenEveryMs || agoMs < 0) await parts.agents.see(siteId, agentId, nowMs)
}
