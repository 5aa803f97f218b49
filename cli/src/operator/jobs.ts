// SPDX-License-Identifier: Apache-2.0
/** Makes the job documents that an operator signs. */
import { randomUUIDv7 } from 'node:crypto'
import { documents, instantOf } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import type { PinnedAgent } from './agents.ts'
import type { Operator } from './operator.ts'
import { readersFor, send } from './send.ts'
import type { Sent } from './send.ts'

/** What is asked for. */
export interface JobRequest {
  readonly jobType: string
  readonly input: Job['input']
  readonly lifetimeMs: number
}

/** A job that the hub has taken. */
export interface SentJob extends Sent {
  readonly job: Job
}

/** Signs a job for an agent and gives it to the hub. */
export async function sendJob(
  operator: Operator,
  agent: PinnedAgent,
  request: JobRequest,
): Promise<SentJob> {
  const nowMs = operator.now()
  const job: Job = {
    jobId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentId: agent.agentId,
    jobType: request.jobType,
    input: request.input,
    requestedBy: operator.identity.signing.keyId,
    step: 'run',
    plan: null,
    issuedAt: instantOf(nowMs),
    notBefore: instantOf(nowMs),
    expiresAt: instantOf(nowMs + request.lifetimeMs),
    readers: readersFor(operator, agent),
  }
  const sent = await send(operator, agent, {
    kind: documents.job,
    document: job,
    envelopeId: job.jobId,
    expiresAt: job.expiresAt,
  })
  return { ...sent, job }
}
