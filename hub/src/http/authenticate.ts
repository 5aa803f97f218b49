// SPDX-License-Identifier: Apache-2.0
/** Finds out who makes a request, before a byte of its body is read. */
import type { Route } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { FastifyRequest } from 'fastify'
import type { HubLimits } from '../limits.ts'
import type { KnownPrincipal, Principal } from '../sessions/principals.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { MailboxOwner } from '../stores/envelope-writes.ts'

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

const BEARER = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/

/** Makes the check. It throws ERR_SESSION or ERR_ROLE. */
export function makeAuthenticate(parts: AuthenticateParts): Authenticate {
  return async (request, auth) => {
    if (auth === 'none') return undefined
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    const known = token === undefined ? undefined : await parts.sessions.recognise(token)
    if (known === undefined) throw new CodedError('ERR_SESSION', 'there is no live session')
    const { principal } = known
    if (!isAllowed(auth, principal.role)) {
      throw new CodedError('ERR_ROLE', `this is for sessions of: ${auth}`)
    }
    await noteSight(parts, known)
    return principal
  }
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
