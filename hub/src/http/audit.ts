// SPDX-License-Identifier: Apache-2.0
/** The witnessed audit over HTTP: agents show heads and leave segments, people read them, everyone sees the hub's head. */
import { routes } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { Log } from '../log.ts'
import type { Segments } from '../witness/segments.ts'
import type { Witness } from '../witness/witness.ts'
import { agentOf, personOf, principalOf } from './authenticate.ts'
import { AuditPath, AuditQuery, HubHeadQuery, SegmentPath } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface AuditRoutesParts {
  readonly witness: Witness
  readonly segments: Segments
  readonly log: Log
}

/** Serves the five routes. */
export function addAudit(host: RouteHost, parts: AuditRoutesParts): void {
  addHeads(host, parts)
  addSegments(host, parts)
}

function addHeads(host: RouteHost, { witness, log }: AuditRoutesParts): void {
  serve(host, routes.witnessHead, {
    async handle({ body, principal }) {
      const agent = agentOf(principal)
      const head = await witness.witness(agent, body).catch((error: unknown) => {
        if (isCodedError(error) && error.code === 'ERR_AUDIT_FORK') {
          log.warn({ ...agent, why: error.message }, 'head.refused')
        }
        throw error
      })
      log.debug({ ...agent, size: head.size }, 'head.witnessed')
      return { head, hub: await witness.hubHead(principalOf(principal), body.hubSize) }
    },
  })

  serve(host, routes.readOwnHead, {
    async handle({ principal }) {
      return { head: await witness.head(agentOf(principal)) }
    },
  })

  serve(host, routes.readHubHead, {
    query: HubHeadQuery,
    async handle({ query, principal }) {
      return witness.hubHead(principalOf(principal), query.size)
    },
  })
}

function addSegments(host: RouteHost, { segments, log }: AuditRoutesParts): void {
  serve(host, routes.storeSegment, {
    params: SegmentPath,
    async handle({ body, params, principal }) {
      if (params.from !== body.from) {
        throw new CodedError('ERR_REQUEST_FORM', 'body: from: not what the path says')
      }
      const agent = agentOf(principal)
      const size = await segments.store(agent, body)
      log.debug({ ...agent, from: body.from, size }, 'segment.stored')
      return { size }
    },
  })

  serve(host, routes.readAudit, {
    params: AuditPath,
    query: AuditQuery,
    async handle({ params: { agentId }, query: { from, epoch }, principal }) {
      const { siteId } = personOf(principal)
      return segments.read({ siteId, agentId }, { from, epoch })
    },
  })
}
