// SPDX-License-Identifier: Apache-2.0
/** The mailbox over HTTP, for agents: take deliveries, answer them. */
import { routes } from '@sallyport/core/transport'
import type { Log } from '../log.ts'
import type { Mailbox } from '../queue/mailbox.ts'
import { agentOf } from './authenticate.ts'
import { EnvelopePath, MailboxQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** Serves the two routes. */
export function addMailbox(
  host: RouteHost,
  { mailbox, log }: { mailbox: Mailbox; log: Log },
): void {
  serve(host, routes.takeDeliveries, {
    query: MailboxQuery,
    async handle({ query, principal, signal }) {
      const agent = agentOf(principal)
      if (query.again !== undefined) await mailbox.release(agent)
      const deliveries = await mailbox.take(agent, { ...query, signal })
      for (const { envelopeId: correlationId } of deliveries) {
        log.info({ correlationId, ...agent }, 'envelope.delivered')
      }
      return { deliveries }
    },
  })

  serve(host, routes.answerEnvelope, {
    params: EnvelopePath,
    async handle({ body, params: { envelopeId }, principal }) {
      const agent = agentOf(principal)
      await mailbox.answer(agent, envelopeId, body.sealed)
      log.info({ correlationId: envelopeId, ...agent }, 'envelope.answered')
      return {}
    },
  })
}
