// SPDX-License-Identifier: Apache-2.0
/** Runs one job for a command that wants its output and not its screen. */
import type { Job } from '@sallyport/core/protocol'
import { jobProblem } from '../output/job-problem.ts'
import type { PinnedAgent } from './agents.ts'
import { awaitingProblem } from './awaiting.ts'
import { followJob } from './follow-job.ts'
import { sendJob } from './jobs.ts'
import type { Operator } from './operator.ts'

/** A job to run, with the time to wait for it. */
export interface OneJob {
  readonly jobType: string
  readonly input: Job['input']
  readonly timeoutMs: number
}

/**
 * Signs, sends, waits, verifies, and returns the output; its form is the plugin's word.
 *
 * Throws: the problem of a job that did not end well.
 */
export async function runOne(
  operator: Operator,
  agent: PinnedAgent,
  { jobType, input, timeoutMs }: OneJob,
): Promise<unknown> {
  const startedMs = performance.now()
  const sent = await sendJob(operator, agent, { jobType, input, lifetimeMs: timeoutMs })
  const { awaiting: standing } = sent
  if (standing !== undefined) throw awaitingProblem(operator, { id: sent.envelopeId, standing })
  const patience = { untilMs: operator.now() + timeoutMs }
  const known = await followJob(operator, { agent, sent, startedMs }, patience)
  const problem = jobProblem(known)
  if (problem !== undefined) throw problem
  return known.answer!.result.output
}
