// SPDX-License-Identifier: Apache-2.0
/** Agents over HTTP: describe oneself, list the agents of one's site. */
import { routes } from '@sallyport/core/transport'
import { viewAgent } from '../queue/views.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import { agentOf, operatorOf } from './authenticate.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { PageQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** Serves the two routes. */
export function addAgents(host: RouteHost, { agents }: { agents: AgentStore }): void {
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
}
