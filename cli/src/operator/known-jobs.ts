// SPDX-License-Identifier: Apache-2.0
/** Reads jobs back from the hub into what this machine knows of them. */
import type { EnvelopeView } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { KnownJob } from '../output/known-job.ts'
import { readAgents } from './agents.ts'
import { keepHead } from './heads.ts'
import { readMail } from './mail.ts'
import type { Operator } from './operator.ts'
import { noteQuarantine } from './releases.ts'

/**
 * The job in an envelope; undefined when it is no job.
 *
 * Throws: ERR_MAIL_DOUBTFUL when the hub shows something that no operator of the site signed.
 */
export async function readKnownJob(
  operator: Operator,
  view: EnvelopeView,
): Promise<KnownJob | undefined> {
  const { content, agent, answer, doubt } = await readMail(
    operator,
    view,
    await readAgents(operator.home),
  )
  if (content === undefined) {
    const answered = answer?.result.refusal?.reason
    throw new CodedError('ERR_MAIL_DOUBTFUL', `what the hub shows is not believed: ${doubt}`, {
      details: answered === undefined ? {} : { answer: `${agent?.name} refused it (${answered})` },
    })
  }
  if (content.kind !== 'job') return undefined
  if (answer !== undefined) {
    await keepHead(operator.home, view.agentId, answer.audit)
    await noteQuarantine(operator.home, view.agentId, answer.result)
  }
  const { queuedAt, deliveredAt, answeredAt } = view
  return {
    job: content.job,
    digest: content.digest,
    signer: content.signer,
    agent,
    envelopeState: view.state,
    times: { queuedAt, deliveredAt, answeredAt },
    answer,
    doubt,
  }
}
