// SPDX-License-Identifier: Apache-2.0
/** The list for a job that a run asks for: what of admission applies to it, and that it is never wider than the run. */
import type { JobManifest } from '@sallyport/sdk'
import type { Refusal } from '../protocol/index.ts'
import type { AdmissionPorts } from './admit.ts'
import { checkDepth, checkReach, type Reach } from './check-asked.ts'
import { checkInput } from './check-input.ts'
import { checkJobType } from './check-permissions.ts'
import { checkPlugin } from './check-plugin.ts'
import { askPolicyForAll } from './check-policy.ts'
import { checkRate } from './check-rate.ts'
import { checkIsolated } from './check-standing.ts'
import { ask } from './checked.ts'
import type { ApprovedPlugin } from './ports.ts'

/** A job that a run asks for. */
export interface AskedJob {
  /** `plugin/noun.verb`. */
  readonly jobType: string
  readonly input: Readonly<Record<string, unknown>>
}

/** The decision on an asked job. */
export type AskDecision =
  | {
      admitted: true
      plugin: ApprovedPlugin
      jobName: string
      jobManifest: JobManifest
      reach: Reach
      nowMs: number
    }
  | { admitted: false; refusal: Refusal }

/**
 * Decides on an asked job: standing of the agent, depth, plugin, job type, input, reach, policy, rate.
 *
 * Trust: type and input come from a plugin. Nobody signed this job, so it may do nothing that the signed one at the top
 * could not: no worse effect, no other resource, and nothing that the policy does not permit to whoever wants that one.
 * The plugin asked is checked as for a signed job, from the held bytes.
 * Why no window, replay and address: the job is made here, now, under an id that this agent makes.
 */
export function admitAsked(asked: AskedJob, asking: Reach, ports: AdmissionPorts): AskDecision {
  const refused = ({ refusal }: { refusal: Refusal }): AskDecision => ({ admitted: false, refusal })

  const standing = checkIsolated(ports.standing)
  if (!standing.ok) return refused(standing)
  const depth = checkDepth(asking)
  if (!depth.ok) return refused(depth)
  const [pluginName, jobName] = asked.jobType.split('/') as [string, string]
  const plugin = checkPlugin(pluginName, ports)
  if (!plugin.ok) return refused(plugin)
  const jobManifest = checkJobType(plugin.value, jobName)
  if (!jobManifest.ok) return refused(jobManifest)
  const input = checkInput(jobManifest.value, asked.input, ports.checkInput)
  if (!input.ok) return refused(input)
  const reach = checkReach(jobManifest.value, asked.input, asking)
  if (!reach.ok) return refused(reach)
  const now = ask(() => Math.max(ports.clock.now(), ports.clock.highest()))
  if (!now.ok) return refused(now)
  const policy = askPolicyForAll(
    { ...asked, step: 'run', job: jobManifest.value, nowMs: now.value },
    asking.wantedBy,
    ports.policy,
  )
  if (!policy.ok) return refused(policy)
  const { perMinute } = jobManifest.value.limits
  const rate = checkRate(asked.jobType, { perMinute, nowMs: now.value }, ports.rate)
  if (!rate.ok) return refused(rate)

  return {
    admitted: true,
    plugin: plugin.value,
    jobName,
    jobManifest: jobManifest.value,
    reach: reach.value,
    nowMs: now.value,
  }
}
