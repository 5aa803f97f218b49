// SPDX-License-Identifier: Apache-2.0
/** The list: every check between the bytes of a job and its run, in order. Read this file first. */
import type { JobManifest } from '@sallyport/sdk'
import { verifyEnvelope, type TrustedKey } from '../crypto/index.ts'
import { documents, type Job, type Refusal } from '../protocol/index.ts'
import { checkAddress } from './check-address.ts'
import { checkDocument, checkForm } from './check-form.ts'
import { checkInput } from './check-input.ts'
import { checkJobType } from './check-permissions.ts'
import { checkPlanSigned } from './check-plan.ts'
import { checkPolicy, type WantedBy } from './check-policy.ts'
import { checkPlugin, type ApprovalPorts } from './check-plugin.ts'
import { checkRate } from './check-rate.ts'
import { checkReplay } from './check-replay.ts'
import { checkSignatures } from './check-signatures.ts'
import { thingsOf } from './things-of.ts'
import { checkStanding } from './check-standing.ts'
import { checkWindow } from './check-window.ts'
import type { Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type {
  AgentStanding,
  ApprovedPlugin,
  CancellationStore,
  InputCheck,
  PolicyPort,
  RateStore,
  ReplayStore,
} from './ports.ts'

/** What admission asks. */
export interface AdmissionPorts extends ApprovalPorts {
  readonly replay: ReplayStore
  readonly rate: RateStore
  readonly checkInput: InputCheck
  /** Name of this agent, as customers' concerns have it. */
  readonly agentName: string
  readonly policy: PolicyPort
  readonly standing: AgentStanding
  readonly cancellations: CancellationStore
}

/** A job whose signature and form hold, whatever else is wrong with it. */
export interface AuthenticJob {
  readonly job: Job
  /** SHA-256 of the signed payload bytes. */
  readonly digest: string
  readonly payload: Uint8Array
  readonly signer: TrustedKey
  /** Everyone whose signature holds. */
  readonly signers: readonly TrustedKey[]
}

/** A delivery after it was opened. */
export interface OpenedDelivery {
  /** The hub's label. */
  readonly envelopeId: string
  readonly bytes: Uint8Array
}

/** The decision on one job. */
export type Decision =
  | {
      admitted: true
      authentic: AuthenticJob
      plugin: ApprovedPlugin
      jobName: string
      jobManifest: JobManifest
      /** Rules of the policy that permit it, and to whom. */
      rules: readonly string[]
      wantedBy: WantedBy
      checksPassedCount: number
    }
  | {
      admitted: false
      refusal: Refusal
      /** Present once signature and form hold. */
      authentic?: AuthenticJob
      checksPassedCount: number
    }

/**
 * Decides on a job: form, signature and role, address, window, replay and label, standing, plugin, job type, input,
 * signatures enough, policy, plan, rate.
 * What must hold of the plugin is a list of its own: `check-plugin.ts`.
 *
 * Trust: the delivery comes from anyone. The decision depends on its bytes, on the ports and on nothing else; the label
 * can only be a reason to refuse.
 * Why: identity before anything that costs or tells something, replay before the plugin so that an id is spent once,
 * rate last so that nobody can spend another's budget. How many must sign is known only with the effect.
 */
export function admit(delivery: OpenedDelivery, ports: AdmissionPorts): Decision {
  let checksPassedCount = 0
  let authentic: AuthenticJob | undefined
  const passed = <T>(checked: Checked<T>): checked is { ok: true; value: T } => {
    if (checked.ok) checksPassedCount += 1
    return checked.ok
  }
  const refused = (checked: { refusal: Refusal }): Decision => ({
    admitted: false,
    refusal: checked.refusal,
    ...(authentic && { authentic }),
    checksPassedCount,
  })

  const envelope = checkForm(delivery.bytes)
  if (!envelope.ok) return refused(envelope)
  const verified = verifyEnvelope(envelope.value, documents.job, ports.trust)
  if (!verified.ok) return refused(verified)
  checksPassedCount += 1
  const form = checkDocument(documents.job, verified.payload)
  if (!passed(form)) return refused(form)
  const job = form.value
  const { digest, payload, signer, signers } = verified
  authentic = { job, digest, payload, signer, signers }

  const address = checkAddress({ ...job, agentIds: [job.agentId] }, ports.self)
  if (!passed(address)) return refused(address)
  const time = checkWindow(job, ADMISSION_LIMITS.maxJobLifetimeMs, ports.clock)
  if (!passed(time)) return refused(time)
  const replay = checkReplay(job.jobId, delivery.envelopeId, ports.replay)
  if (!passed(replay)) return refused(replay)

  const standing = checkStanding(job, ports)
  if (!passed(standing)) return refused(standing)

  const [pluginName, jobName] = job.jobType.split('/') as [string, string]
  const plugin = checkPlugin(pluginName, ports)
  if (!passed(plugin)) return refused(plugin)
  const jobManifest = checkJobType(plugin.value, jobName)
  if (!passed(jobManifest)) return refused(jobManifest)
  const input = checkInput(jobManifest.value, job.input, ports.checkInput)
  if (!passed(input)) return refused(input)
  const about = thingsOf(jobManifest.value, job.input, ports.agentName)
  const signatures = checkSignatures(
    { ...job, effect: effectOf(job, jobManifest.value), about },
    signers,
    ports.trust,
  )
  if (!passed(signatures)) return refused(signatures)
  const policy = checkPolicy(authentic, { job: jobManifest.value, nowMs: time.value }, ports.policy)
  if (!passed(policy)) return refused(policy)
  const plan = checkPlanSigned(job, jobManifest.value)
  if (!passed(plan)) return refused(plan)
  const limit = { perMinute: jobManifest.value.limits.perMinute, nowMs: time.value }
  const rate = checkRate(job.jobType, limit, ports.rate)
  if (!passed(rate)) return refused(rate)

  return {
    admitted: true,
    authentic,
    plugin: plugin.value,
    jobName,
    jobManifest: jobManifest.value,
    ...policy.value,
    checksPassedCount,
  }
}

/** Why: a job that only plans gets handles that look, whatever its type could do. */
function effectOf({ step }: Job, { effect }: JobManifest): JobManifest['effect'] {
  return step === 'plan' ? 'read' : effect
}
