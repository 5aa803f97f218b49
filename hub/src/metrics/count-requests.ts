// SPDX-License-Identifier: Apache-2.0
/** Counts every request by the kind of its route, its status, and the code of its error. */
import { routes } from '@sallyport/core/transport'
import type { FastifyInstance } from 'fastify'
import { answerOf } from '../http/errors.ts'
import type { HubMetrics } from './hub-metrics.ts'

/** Patterns of the routes that may be held, as the HTTP library has them. */
const HELD: ReadonlySet<string> = new Set(
  Object.values(routes).flatMap(({ path, waits }) =>
    waits ? [path.replaceAll(/\{([a-zA-Z]+)\}/g, ':$1')] : [],
  ),
)

/** Adds the counting; routes that were added before are not counted. */
export function countRequests(app: FastifyInstance, metrics: HubMetrics): void {
  app.addHook('onError', async (request, _reply, error) => {
    metrics.refused(answerOf(error, request.id).body.code)
  })
  app.addHook('onResponse', async ({ routeOptions: { url } }, reply) => {
    const isHeld = url !== undefined && HELD.has(url)
    const seconds = isHeld ? undefined : reply.elapsedTime / 1_000
    metrics.answered({ route: kindOf(url), status: reply.statusCode, seconds })
  })
}

/** `/v1/agents/self/descriptor` is of the kind `agents`. A path that is no route has no pattern. */
function kindOf(pattern: string | undefined): string {
  const [, first, second] = (pattern ?? '').split('/')
  return (first === 'v1' ? second : first) || 'unknown'
}
