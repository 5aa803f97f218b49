// SPDX-License-Identifier: Apache-2.0
/** The list for a run that a schedule is due for: every check of its job anew, from the signed bytes this agent holds. */
import {
  documents,
  encodeDocument,
  instantOf,
  type Job,
  type Refusal,
  type Schedule,
} from '../protocol/index.ts'
import { runIdOf } from '../schedules/index.ts'
import type { AdmissionPorts, AuthenticJob, Decision } from './admit.ts'
import { checkRate } from './check-rate.ts'
import { checkReplay } from './check-replay.ts'
import { SCHEDULE_CHECK_COUNTS, checkFit, openSchedule } from './check-schedule.ts'
import { checkStanding } from './check-standing.ts'
import { refuse } from './checked.ts'

/** A due time of a schedule. Trust: both come from this agent's own store, and are checked again. */
export interface DueRun {
  /** DSSE envelope of the schedule. */
  readonly envelope: Uint8Array
  readonly dueAtMs: number
}

/**
 * Decides on a run: the schedule by itself, that this is a time of it, replay, standing, the job, rate.
 *
 * Trust: the run gets an id that follows from schedule, agent and time, so that a due time has one run at most. A key
 * that has gone from the trust root, a revoked plugin, a changed policy count at once.
 * Shape: the decision is that on a job; its digest is the schedule's, its payload the job this agent made of it.
 */
export function admitScheduled({ envelope, dueAtMs }: DueRun, ports: AdmissionPorts): Decision {
  const opened = openSchedule(envelope, ports)
  if (!opened.ok) return { admitted: false, refusal: opened.refusal, checksPassedCount: 0 }
  const { schedule, times, nowMs } = opened.value
  const authentic = authenticOf(opened.value, dueAtMs, ports.self.agentId)
  let checksPassedCount: number = SCHEDULE_CHECK_COUNTS.opened
  const refused = ({ refusal }: { refusal: Refusal }): Decision => ({
    admitted: false,
    refusal,
    authentic,
    checksPassedCount,
  })

  if (!times.isDue(dueAtMs)) {
    const why = 'this is no time of it'
    return refused(refuse('not_schedulable', { why, dueAt: instantOf(dueAtMs) }))
  }
  const { jobId } = authentic.job
  const replay = checkReplay(jobId, jobId, ports.replay)
  if (!replay.ok) return refused(replay)
  const standing = checkStanding({ ...schedule, jobId }, ports)
  if (!standing.ok) return refused(standing)
  checksPassedCount += 3
  const fit = checkFit(opened.value, ports)
  if (!fit.ok) return refused(fit)
  checksPassedCount += SCHEDULE_CHECK_COUNTS.fit
  const { perMinute } = fit.value.jobManifest.limits
  const rate = checkRate(schedule.jobType, { perMinute, nowMs }, ports.rate)
  if (!rate.ok) return refused(rate)
  return { admitted: true, authentic, ...fit.value, checksPassedCount: checksPassedCount + 1 }
}

function authenticOf(
  opened: Omit<AuthenticJob, 'job' | 'payload'> & { readonly schedule: Schedule },
  dueAtMs: number,
  agentId: string,
): AuthenticJob {
  const { schedule, digest, signer, signers } = opened
  const job = jobOf(schedule, dueAtMs, agentId)
  return { job, payload: encodeDocument(documents.job, job), digest, signer, signers }
}

/** The job of a due time, as if someone had signed it for that. */
function jobOf(schedule: Schedule, dueAtMs: number, agentId: string): Job {
  const { scheduleId, siteId, jobType, input, requestedBy, issuedAt, expiresAt, readers } = schedule
  return {
    jobId: runIdOf(scheduleId, agentId, dueAtMs),
    siteId,
    agentId,
    jobType,
    input,
    requestedBy,
    step: 'run',
    plan: null,
    issuedAt,
    notBefore: instantOf(dueAtMs),
    expiresAt,
    readers,
  }
}
