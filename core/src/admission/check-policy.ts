// SPDX-License-Identifier: Apache-2.0
/** The policy of the site permits the job to whoever wants it. */
import type { JobManifest } from '@sallyport/sdk'
import type { Job, RefusalReason } from '../protocol/index.ts'
import type { TrustedKey } from '../crypto/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { PolicyDecision, PolicyPort, PolicyRequest } from './ports.ts'

const REASON_OF = {
  missing: 'policy_missing',
  broken: 'policy_broken',
  denied: 'denied_by_policy',
} as const satisfies Record<Extract<PolicyDecision, { allowed: false }>['why'], RefusalReason>

/**
 * Asks the policy and returns the rules that permit the job.
 *
 * Trust: fails closed; what the policy does not permit, and what it cannot be asked, is denied.
 */
export function checkPolicy(
  { job, signers }: { readonly job: Job; readonly signers: readonly TrustedKey[] },
  known: { readonly job: JobManifest; readonly nowMs: number },
  policy: PolicyPort,
): Checked<readonly string[]> {
  const requester = signers.find(({ keyId }) => keyId === job.requestedBy)
  if (requester === undefined) return refuse('not_requester', { requestedBy: job.requestedBy })
  const kind = requester.role === 'customer' ? 'Customer' : 'Operator'
  const { jobType, input, step } = job
  const principal = { kind, name: requester.name } as const
  return askPolicy({ principal, jobType, input, step, signers, ...known }, policy)
}

/** Asks the policy about one principal. Trust: fails closed. */
export function askPolicy(request: PolicyRequest, policy: PolicyPort): Checked<readonly string[]> {
  const decision = ask(() => policy.decide(request))
  if (!decision.ok) return decision
  if (decision.value.allowed) return pass(decision.value.rules)
  const { why, rules, errors, about } = decision.value
  const { principal } = request
  const bounded = { rules: rules.slice(0, 8), errors: errors.slice(0, 8) }
  return refuse(REASON_OF[why], { principal, ...bounded, ...(about !== undefined && { about }) })
}
