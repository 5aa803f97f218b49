// SPDX-License-Identifier: Apache-2.0
/** Sessions over HTTP: ask for a challenge, answer it; and what RFC 9449 wants to see in the headers of every answer. */
import { instantOf } from '@sallyport/core/protocol'
import { routes } from '@sallyport/core/transport'
import { claimedKeyOf } from '../abuse/claimed-key.ts'
import type { Log } from '../log.ts'
import type { OnceValues } from '../sessions/once-values.ts'
import type { Denial } from '../sessions/presented.ts'
import { isDenial, type Sessions } from '../sessions/sessions.ts'
import { deny, presentedBy } from './authenticate.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface SessionRoutesParts {
  readonly once: OnceValues
  readonly sessions: Sessions
  readonly log: Log
}

/** What a client is told it did wrong. Source: RFC 9449, sections 5, 7.1 and 8; RFC 6750, section 3.1. */
const CHALLENGES: Readonly<Record<Denial['code'], string>> = {
  ERR_SESSION: 'DPoP error="invalid_token", algs="ES256"',
  ERR_SESSION_PROOF: 'DPoP error="invalid_grant", algs="ES256"',
  ERR_DPOP_PROOF: 'DPoP error="invalid_dpop_proof", algs="ES256"',
  ERR_DPOP_NONCE: 'DPoP error="use_dpop_nonce", algs="ES256"',
}

/** Serves the two routes, and gives every answer the nonce for the next proof. */
export function addSessions(host: RouteHost, { once, sessions, log }: SessionRoutesParts): void {
  host.app.addHook('onSend', async (request, reply) => {
    if (!request.url.startsWith('/v1/')) return
    reply.header('dpop-nonce', await once.nonce())
    const { denial } = request
    if (denial !== undefined) reply.header('www-authenticate', CHALLENGES[denial.code])
  })

  serve(host, routes.endSession, {
    async handle({ request }) {
      if (request.claims !== undefined) await sessions.end(request.claims)
      return {}
    },
  })

  serve(host, routes.askChallenge, {
    claimedKey: ({ keyId }) => keyId,
    async handle({ body }) {
      const { challenge, expiresAtMs } = await once.challenge(body.keyId)
      return { challenge, expiresAt: instantOf(expiresAtMs) }
    },
  })

  serve(host, routes.openSession, {
    claimedKey: ({ proof }) => claimedKeyOf(proof),
    async handle({ body, request }) {
      const opened = await sessions.open(presentedBy(request), body.proof)
      if (isDenial(opened)) throw deny(request, opened)
      const { token, expiresAtMs, known } = opened
      log.info({ ...known.principal }, 'session.opened')
      return { token, expiresAt: instantOf(expiresAtMs) }
    },
  })
}
