// SPDX-License-Identifier: Apache-2.0
/** A schedule: what must hold of it by itself, and of the job it stands for, when it is accepted and at each due time. */
import type { JobManifest } from '@sallyport/sdk'
import { verifyEnvelope, type TrustedKey } from '../crypto/index.ts'
import { documents, type Schedule } from '../protocol/index.ts'
import { readDueTimes, type DueTimes } from '../schedules/index.ts'
import type { AdmissionPorts } from './admit.ts'
import { checkAddress } from './check-address.ts'
import { checkDocument, checkForm } from './check-form.ts'
import { checkInput } from './check-input.ts'
import type { SignedPorts } from './check-operator-document.ts'
import { checkJobType } from './check-permissions.ts'
import { checkPlugin } from './check-plugin.ts'
import { askPolicyForAll, requesterOf, type WantedBy } from './check-policy.ts'
import { checkLabel } from './check-replay.ts'
import { checkSignatures } from './check-signatures.ts'
import { thingsOf } from './things-of.ts'
import { checkStanding } from './check-standing.ts'
import { checkWindow } from './check-window.ts'
import { pass, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { ApprovedPlugin } from './ports.ts'

/** A schedule whose signature, form, address and window hold. */
export interface OpenedSchedule {
  readonly schedule: Schedule
  /** SHA-256 of its signed payload. */
  readonly digest: string
  readonly signer: TrustedKey
  readonly signers: readonly TrustedKey[]
  /** The time to go by. */
  readonly nowMs: number
  readonly times: DueTimes
}

/** What a schedule runs, fit to run now. */
export interface FitJob {
  readonly plugin: ApprovedPlugin
  readonly jobName: string
  readonly jobManifest: JobManifest
  /** Rules of the policy that permit it, to the schedule and to whoever wants it. */
  readonly rules: readonly string[]
  readonly wantedBy: WantedBy
}

/** A schedule that may be kept. */
export type VerifiedSchedule = OpenedSchedule & FitJob

/** Checks that `openSchedule` makes, and that `checkFit` makes. */
export const SCHEDULE_CHECK_COUNTS = { opened: 6, fit: 6 } as const

/**
 * Decides whether a schedule is taken: all that must hold of its job at a due time must hold now as well.
 *
 * Why now: whoever signs it learns at once that it can never run, and not at three in the morning.
 */
export function verifySchedule(
  envelope: Uint8Array,
  label: string,
  ports: AdmissionPorts,
): Checked<VerifiedSchedule> {
  const opened = openSchedule(envelope, ports)
  if (!opened.ok) return opened
  const { schedule } = opened.value
  const labelled = checkLabel(schedule.scheduleId, label)
  if (!labelled.ok) return labelled
  const standing = checkStanding({ ...schedule, jobId: schedule.scheduleId }, ports)
  if (!standing.ok) return standing
  const fit = checkFit(opened.value, ports)
  return fit.ok ? pass({ ...opened.value, ...fit.value }) : fit
}

/** Checks a schedule by itself: form, signature and role, address, window, and that it has due times. */
export function openSchedule(
  envelopeBytes: Uint8Array,
  ports: SignedPorts,
): Checked<OpenedSchedule> {
  const envelope = checkForm(envelopeBytes)
  if (!envelope.ok) return envelope
  const verified = verifyEnvelope(envelope.value, documents.schedule, ports.trust)
  if (!verified.ok) return verified
  const document = checkDocument(documents.schedule, verified.payload)
  if (!document.ok) return document
  const schedule = document.value
  const address = checkAddress(schedule, ports.self)
  if (!address.ok) return address
  const time = checkWindow(schedule, ADMISSION_LIMITS.maxScheduleLifetimeMs, ports.clock)
  if (!time.ok) return time
  const due = readDueTimes(schedule, ports.self.agentId)
  if (!due.ok) return refuse('not_schedulable', { why: due.why })
  const { digest, signer, signers } = verified
  return pass({ schedule, digest, signer, signers, nowMs: time.value, times: due.times })
}

/**
 * Checks the job of a schedule: plugin, job type, effect, input, signatures enough, policy.
 *
 * Trust: as for a job that is signed, from the bytes this agent holds and the trust store as it is now. The policy must
 * permit it to the schedule and to whoever wants it, so that nobody gets more by a schedule than by themselves.
 */
export function checkFit(opened: OpenedSchedule, ports: AdmissionPorts): Checked<FitJob> {
  const { schedule, signers } = opened
  const [pluginName, jobName] = schedule.jobType.split('/') as [string, string]
  const plugin = checkPlugin(pluginName, ports)
  if (!plugin.ok) return plugin
  const jobManifest = checkJobType(plugin.value, jobName)
  if (!jobManifest.ok) return jobManifest
  const job = jobManifest.value
  const { effect } = job
  if (effect === 'destroy') return refuse('not_schedulable', { effect })
  const input = checkInput(job, schedule.input, ports.checkInput)
  if (!input.ok) return input
  const about = thingsOf(job, schedule.input, ports.agentName)
  const enough = checkSignatures({ ...schedule, effect, about }, signers, ports.trust)
  if (!enough.ok) return enough
  const rules = checkBothPrincipals(opened, job, ports)
  if (!rules.ok) return rules
  return pass({ plugin: plugin.value, jobName, jobManifest: job, ...rules.value })
}

function checkBothPrincipals(
  { schedule, signers, nowMs }: OpenedSchedule,
  job: JobManifest,
  { policy }: AdmissionPorts,
): Checked<Pick<FitJob, 'rules' | 'wantedBy'>> {
  const { jobType, input } = schedule
  // `checkSignatures` found them among the signers.
  const requester = requesterOf(schedule, signers)!
  const principals = [{ kind: 'Schedule', name: schedule.name } as const, requester]
  const asked = { jobType, job, input, step: 'run', nowMs } as const
  return askPolicyForAll(asked, { principals, signers }, policy)
}
