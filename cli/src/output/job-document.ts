// SPDX-License-Identifier: Apache-2.0
/** A job and its answer, and how `--json` shows them. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { AgentRecord } from '../operator/agents.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { jobProblem } from './job-problem.ts'
import type { KnownJob } from './known-job.ts'
import { stateOf } from './known-job.ts'
import { problemJson } from './problem.ts'
import { wayOf } from './way.ts'

/** The document of a job. */
export function jobDocument(known: KnownJob): Readonly<Record<string, unknown>> {
  const { job, answer, agent, times } = known
  const problem = jobProblem(known)
  return {
    format: 'sallyport.job/1',
    job: {
      jobId: job.jobId,
      jobType: job.jobType,
      agent: { name: agent?.name ?? null, agentId: job.agentId },
      siteId: job.siteId,
      input: job.input,
      step: job.step,
      plan: job.plan,
      issuedAt: job.issuedAt,
      expiresAt: job.expiresAt,
      digest: known.digest,
      signedBy: known.signer,
    },
    state: stateOf(known),
    queuedAt: times.queuedAt,
    deliveredAt: times.deliveredAt,
    answeredAt: times.answeredAt,
    way: answer === undefined ? [] : wayOf(times, answer).map(({ step, ms }) => ({ step, ms })),
    totalMs: times.totalMs === undefined ? null : Math.round(times.totalMs * 100) / 100,
    result: answer === undefined ? null : resultJson(answer, agent),
    ...(problem === undefined ? {} : { error: problemJson(problem) }),
  }
}

function resultJson({ result, audit }: VerifiedResult, agent: AgentRecord | undefined): object {
  const { output, verification, failure, refusal, plugin } = result
  const key = agent?.identity?.signingKey
  return {
    resultId: result.resultId,
    ...(output === undefined ? {} : { output }),
    ...(verification === undefined ? {} : { verification }),
    ...(failure === undefined ? {} : { failure }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(plugin === undefined ? {} : { plugin }),
    checksPassedCount: result.checksPassedCount,
    handlesUsed: result.handlesUsed,
    receivedAt: result.receivedAt,
    finishedAt: result.finishedAt,
    stepsMs: result.stepsMs,
    verified: {
      signedBy: agent?.name ?? null,
      keyId: key === undefined ? null : keyIdOf(decodeBase64url(key)),
      audit: {
        index: audit.index,
        treeSize: audit.treeSize,
        root: Buffer.from(audit.root).toString('base64'),
      },
    },
  }
}
