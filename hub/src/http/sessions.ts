// SPDX-License-Identifier: Apache-2.0
/** Sessions over HTTP: ask for a challenge, answer it. */
import { instantOf } from '@sallyport/core/protocol'
import { routes } from '@sallyport/core/transport'
import { claimedKeyOf } from '../abuse/claimed-key.ts'
import type { Log } from '../log.ts'
import type { Challenges } from '../sessions/challenges.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface SessionRoutesParts {
  readonly challenges: Challenges
  readonly sessions: Sessions
  readonly log: Log
}

/** Serves the two routes. */
export function addSessions(
  host: RouteHost,
  { challenges, sessions, log }: SessionRoutesParts,
): void {
  serve(host, routes.askChallenge, {
    claimedKey: ({ keyId }) => keyId,
    async handle({ body }) {
      const { challenge, expiresAtMs } = await challenges.issue(body.keyId)
      return { challenge, expiresAt: instantOf(expiresAtMs) }
    },
  })

  serve(host, routes.openSession, {
    claimedKey: ({ proof }) => claimedKeyOf(proof),
    async handle({ body }) {
      const { token, expiresAtMs, known } = await sessions.open(body.proof)
      log.info({ ...known.principal }, 'session.opened')
      return { token, expiresAt: instantOf(expiresAtMs) }
    },
  })
}
