// SPDX-License-Identifier: Apache-2.0
/** Agents over HTTP: describe oneself; for operators, list those of their site, let them in, stop them, send them away. */
import { routes } from '@sallyport/core/transport'
import type { Lives } from '../agents/lives.ts'
import type { Log } from '../log.ts'
import { viewAgent } from '../queue/views.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import { agentOf, operatorOf } from './authenticate.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { AgentPath, PageQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface AgentRoutesParts {
  readonly agents: AgentStore
  readonly lives: Lives
  readonly log: Log
}

/** Serves the routes. */
export function addAgents(host: RouteHost, parts: AgentRoutesParts): void {
  const { agents } = parts
  serve(host, routes.describeAgent, {
    async handle({ body, principal }) {
      const { siteId, agentId } = agentOf(principal)
      await agents.describe(siteId, agentId, body.sealed)
      return {}
    },
  })

  serve(host, routes.listAgents, {
    query: PageQuery,
    async handle({ query, principal }) {
      const { siteId } = operatorOf(principal)
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
      const rows = await agents.list(siteId, {
        after: after && { enrolledAt: after.atMs, agentId: after.id },
        limit: query.limit + 1,
      })
      const shown = rows.slice(0, query.limit)
      const last = rows.length > query.limit ? shown.at(-1) : undefined
      return {
        agents: shown.map(viewAgent),
        nextCursor: last ? encodeCursor({ atMs: last.enrolled_at, id: last.agent_id }) : null,
      }
    },
  })

  addStandings(host, parts)
}

function addStandings(host: RouteHost, { lives, log }: AgentRoutesParts): void {
  serve(host, routes.confirmAgent, {
    params: AgentPath,
    async handle({ body, params: { agentId }, principal }) {
      const { siteId, keyId } = operatorOf(principal)
      await lives.confirm({ siteId, agentId }, body.signingKey)
      log.info({ siteId, agentId, operator: keyId }, 'agent.confirmed')
      return {}
    },
  })

  serve(host, routes.revokeAgent, {
    params: AgentPath,
    async handle({ params: { agentId }, principal }) {
      const { siteId, keyId } = operatorOf(principal)
      await lives.revoke({ siteId, agentId })
      log.warn({ siteId, agentId, operator: keyId }, 'agent.revoked')
      return {}
    },
  })

  serve(host, routes.releaseAgent, {
    params: AgentPath,
    async handle({ params: { agentId }, principal }) {
      const { siteId, keyId } = operatorOf(principal)
      await lives.release({ siteId, agentId })
      log.info({ siteId, agentId, operator: keyId }, 'agent.released')
      return {}
    },
  })
}
