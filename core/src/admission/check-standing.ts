// SPDX-License-Identifier: Apache-2.0
/** This agent takes jobs at all, remembers everything it must, and nobody who may has cancelled this one. */
import { epochMs, instantOf, type Job } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { AgentStanding, CancellationStore } from './ports.ts'

/** Checks the standing of the agent and of the job. */
export function checkStanding(
  job: Pick<Job, 'jobId' | 'issuedAt' | 'requestedBy'>,
  ports: { readonly standing: AgentStanding; readonly cancellations: CancellationStore },
): Checked<true> {
  const isolated = checkIsolated(ports.standing)
  if (!isolated.ok) return isolated
  const epoch = ask(() => ports.standing.epochMs())
  if (!epoch.ok) return epoch
  if (epochMs(job.issuedAt) < epoch.value) {
    return refuse('before_epoch', { epoch: instantOf(epoch.value), issuedAt: job.issuedAt })
  }
  const cancelled = ask(() => ports.cancellations.find(job.jobId, job.requestedBy))
  if (!cancelled.ok) return cancelled
  return cancelled.value === undefined ? pass(true) : refuse('cancelled', { ...cancelled.value })
}

/** Checks that this agent takes jobs. */
export function checkIsolated(standing: Pick<AgentStanding, 'isolation'>): Checked<true> {
  const isolation = ask(() => standing.isolation())
  if (!isolation.ok) return isolation
  if (isolation.value === undefined) return pass(true)
  const { why, sinceMs } = isolation.value
  return refuse('isolated', { why, since: instantOf(sinceMs) })
}
