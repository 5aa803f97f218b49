// SPDX-License-Identifier: Apache-2.0
/** Envelopes over HTTP, for people: submit, list, watch. */
import { routes } from '@sallyport/core/transport'
import type { Log } from '../log.ts'
import type { Outgoing } from '../queue/outgoing.ts'
import { viewEnvelope } from '../queue/views.ts'
import type { HubDatabase } from '../stores/database.ts'
import { readEnvelopePage } from '../stores/envelope-pages.ts'
import { personOf } from './authenticate.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { EnvelopePath, EnvelopeQuery, EnvelopesQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface EnvelopeRoutesParts {
  readonly outgoing: Outgoing
  readonly db: HubDatabase
  readonly log: Log
}

/** Sealed text may double when it is written as JSON, because of its quotes; this stays below half an answer. */
const MAX_PAGE_SEALED_BYTES = 7 * 1_024 * 1_024

/** Serves the three routes. */
export function addEnvelopes(host: RouteHost, { outgoing, db, log }: EnvelopeRoutesParts): void {
  serve(host, routes.submitEnvelope, {
    async handle({ body, principal }) {
      const { siteId, keyId } = personOf(principal)
      const receipt = await outgoing.submit(siteId, body)
      const { envelopeId, agentId } = body
      log.info({ correlationId: envelopeId, siteId, agentId, by: keyId }, 'envelope.submitted')
      return receipt
    },
  })

  serve(host, routes.listEnvelopes, {
    query: EnvelopesQuery,
    async handle({ query, principal }) {
      const { siteId } = personOf(principal)
      await outgoing.expire(siteId)
      const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
      const { rows, hasMore } = await readEnvelopePage(db, siteId, {
        agentId: query.agentId,
        before: before && { queuedAt: before.atMs, envelopeId: before.id },
        limit: query.limit,
        maxSealedBytes: MAX_PAGE_SEALED_BYTES,
      })
      const last = hasMore ? rows.at(-1) : undefined
      return {
        envelopes: rows.map(viewEnvelope),
        nextCursor: last ? encodeCursor({ atMs: last.queued_at, id: last.envelope_id }) : null,
      }
    },
  })

  serve(host, routes.showEnvelope, {
    params: EnvelopePath,
    query: EnvelopeQuery,
    handle({ params: { envelopeId }, query, principal, signal }) {
      return outgoing.show(personOf(principal), envelopeId, { ...query, signal })
    },
  })
}
