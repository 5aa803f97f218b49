// SPDX-License-Identifier: Apache-2.0
/** Enrolment over HTTP: an operator adds a code, a machine that has it redeems it. */
import { routes } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Enrolments } from '../enrolments/enrolments.ts'
import type { Log } from '../log.ts'
import { operatorOf } from './authenticate.ts'
import { serve, type RouteHost } from './serve.ts'

/** Serves the two routes. */
export function addEnrolments(
  host: RouteHost,
  { enrolments, log }: { enrolments: Enrolments; log: Log },
): void {
  serve(host, routes.addCode, {
    async handle({ body, principal }) {
      const { siteId, keyId } = operatorOf(principal)
      await enrolments.addCode(siteId, body)
      log.info({ siteId, agentId: body.agentId, operator: keyId }, 'code.added')
      return {}
    },
  })

  serve(host, routes.redeemCode, {
    async handle({ body }) {
      const { code, standing } = await enrolments.redeem(body)
      const isWaiting = standing === 'waiting'
      log.info({ siteId: code.site_id, agentId: code.agent_id, isWaiting }, 'code.redeemed')
      if (isWaiting) {
        throw new CodedError('ERR_ENROLMENT_WAITING', 'an operator has to let this agent in')
      }
      return { agentId: code.agent_id, sealedEnrolment: code.sealed_enrolment }
    },
  })
}
