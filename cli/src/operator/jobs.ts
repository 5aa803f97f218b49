// SPDX-License-Identifier: Apache-2.0
/** Makes the job documents that an operator signs, and gives them to the hub, or to colleagues where one signature is too few. */
import { randomUUIDv7 } from 'node:crypto'
import { documents, instantOf } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import type { JobManifest } from '@sallyport/sdk'
import type { PinnedAgent } from './agents.ts'
import { findApproval } from './known-effect.ts'
import { knownApproval } from './learn-approval.ts'
import type { Operator } from './operator.ts'
import { selfOf } from './people.ts'
import { propose } from './proposals.ts'
import { readersFor, send } from './send.ts'
import type { Sent } from './send.ts'
import { signatureStanding, thingsOfJob } from './signatures.ts'
import type { SignatureStanding, ToSign } from './signatures.ts'

/** What is asked for. */
export interface JobRequest {
  readonly jobType: string
  readonly input: Job['input']
  readonly lifetimeMs: number
  /** `run` unless given. */
  readonly step?: Job['step'] | undefined
  /** What the signers see of the state; null unless given. */
  readonly plan?: Job['plan'] | undefined
}

/** A job that the hub has taken. */
export interface SentJob extends Sent {
  readonly job: Job
  /** Present when it was left for colleagues and not given to the agent. */
  readonly awaiting?: SignatureStanding
}

/** How a job counts where signatures are counted, and where they stand with one's own alone. */
export interface JobSignatures {
  readonly toSign: ToSign
  readonly standing: SignatureStanding
}

/** Looks up how many must sign a job, before anybody does. */
export async function jobSignatures(
  operator: Operator,
  agent: PinnedAgent,
  { jobType, input, step = 'run' }: Pick<JobRequest, 'jobType' | 'input' | 'step'>,
): Promise<JobSignatures> {
  const manifest = step === 'plan' ? undefined : await manifestOf(operator, agent, jobType)
  const effect = step === 'plan' ? 'read' : manifest?.effect
  const requestedBy = operator.identity.signing.keyId
  const about = thingsOfJob(agent, input, manifest)
  const toSign = { jobType, effect, requestedBy, about }
  return { toSign, standing: signatureStanding(toSign, [selfOf(operator)], operator.trust) }
}

/** Signs a job for an agent and gives it to the hub; where one signature is not enough, leaves it for colleagues. */
export async function sendJob(
  operator: Operator,
  agent: PinnedAgent,
  request: JobRequest,
): Promise<SentJob> {
  const { toSign, standing } = await jobSignatures(operator, agent, request)
  const job = makeJob(operator, request, readersFor(operator, agent, toSign), agent.agentId)
  const { jobId: id, expiresAt } = job
  const kind = documents.job
  if (standing.isComplete) {
    return {
      ...(await send(operator, agent, { kind, document: job, envelopeId: id, expiresAt })),
      job,
    }
  }
  const startedMs = performance.now()
  const approval = await findApproval(operator, agent.agentId, job.jobType.split('/')[0]!)
  const digest = await propose(operator, { kind, document: job, id, expiresAt, approval })
  const preparedMs = performance.now() - startedMs
  return { envelopeId: id, digest, preparedMs, queuedMs: 0, job, awaiting: standing }
}

function makeJob(operator: Operator, request: JobRequest, readers: string[], agentId: string): Job {
  const nowMs = operator.now()
  return {
    jobId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentId,
    jobType: request.jobType,
    input: request.input,
    requestedBy: operator.identity.signing.keyId,
    step: request.step ?? 'run',
    plan: request.plan ?? null,
    issuedAt: instantOf(nowMs),
    notBefore: instantOf(nowMs),
    expiresAt: instantOf(nowMs + request.lifetimeMs),
    readers,
  }
}

/** Why not for every job: where all effects need the same, the mailbox need not be searched. */
async function manifestOf(
  operator: Operator,
  agent: PinnedAgent,
  jobType: string,
): Promise<JobManifest | undefined> {
  const toSign = { jobType, effect: undefined }
  if (signatureStanding(toSign, [selfOf(operator)], operator.trust).isComplete) return undefined
  const [plugin = '', name = ''] = jobType.split('/')
  const approval = await knownApproval(operator, agent, plugin)
  return approval !== undefined && Object.hasOwn(approval.jobs, name)
    ? approval.manifest.jobs[name]
    : undefined
}
