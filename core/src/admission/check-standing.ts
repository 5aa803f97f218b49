// SPDX-License-Identifier: Apache-2.0
/** The agent takes jobs, this one was not cancelled, and it is younger than the agent's memory. */
import { epochMs, instantOf, type Job } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { AgentStanding, CancellationStore } from './ports.ts'

/** Checks the standing of the agent and of the job. */
export function checkStanding(
  job: Pick<Job, 'jobId' | 'issuedAt'>,
  ports: { readonly standing: AgentStanding; readonly cancellations: CancellationStore },
): Checked<true> {
  const isolation = ask(() => ports.standing.isolation())
  if (!isolation.ok) return isolation
  if (isolation.value !== undefined) {
    const { why, sinceMs } = isolation.value
    return refuse('isolated', { why, since: instantOf(sinceMs) })
  }
  const epoch = ask(() => ports.standing.epochMs())
  if (!epoch.ok) return epoch
  if (epochMs(job.issuedAt) < epoch.value) {
    return refuse('before_epoch', { epoch: instantOf(epoch.value), issuedAt: job.issuedAt })
  }
  const cancelled = ask(() => ports.cancellations.find(job.jobId))
  if (!cancelled.ok) return cancelled
  return cancelled.value === undefined ? pass(true) : refuse('cancelled', { ...cancelled.value })
}
