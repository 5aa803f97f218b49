// SPDX-License-Identifier: Apache-2.0
/** Brings the record up to date with answers that came after nobody waited for them any more. */
import { hubRefusalOf } from '@sallyport/core/transport'
import { readAgents } from './agents.ts'
import { readApprovals, writeApproval } from './approvals.ts'
import { readMail } from './mail.ts'
import type { Operator } from './operator.ts'
import { readRevocations, writeRevocation } from './revocations.ts'

/** Looks for the answers to approvals and revocations of which only the sending is on record. */
export async function settleSent(operator: Operator): Promise<void> {
  const { home } = operator
  for (const record of (await readApprovals(home)).filter(isSent)) {
    const state = await answerTo(operator, record.approvalId)
    if (state !== undefined) await writeApproval(home, { ...record, state })
  }
  for (const record of (await readRevocations(home)).filter(isSent)) {
    const state = await answerTo(operator, record.revocationId)
    if (state !== undefined) await writeRevocation(home, { ...record, state })
  }
}

/** What the agent answered, by its own signature; undefined while it has not. */
async function answerTo(
  operator: Operator,
  envelopeId: string,
): Promise<'accepted' | 'refused' | undefined> {
  try {
    const view = await operator.hub.showEnvelope(envelopeId)
    const { answer } = await readMail(operator, view, await readAgents(operator.home))
    if (answer === undefined) return undefined
    return answer.result.state === 'done' ? 'accepted' : 'refused'
  } catch (error) {
    // The hub has forgotten it; the record stays as it is.
    if (hubRefusalOf(error)?.status === 404) return undefined
    throw error
  }
}

function isSent({ state }: { state: string }): boolean {
  return state === 'sent'
}
