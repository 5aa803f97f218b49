// SPDX-License-Identifier: Apache-2.0
/** The policy of the site permits the job to whoever wants it. */
import type { JobManifest } from '@sallyport/sdk'
import type { Job, RefusalReason } from '../protocol/index.ts'
import type { TrustedKey } from '../crypto/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { PolicyDecision, PolicyPort, PolicyRequest } from './ports.ts'

/** Who wants a job. Where there are several, as a schedule and whoever signed it, each of them must be permitted. */
export interface WantedBy {
  readonly principals: readonly PolicyRequest['principal'][]
  readonly signers: PolicyRequest['signers']
}

/** By which rules a job is permitted, and to whom. */
export interface Permitted {
  readonly rules: readonly string[]
  readonly wantedBy: WantedBy
}

const REASON_OF = {
  missing: 'policy_missing',
  broken: 'policy_broken',
  denied: 'denied_by_policy',
} as const satisfies Record<Extract<PolicyDecision, { allowed: false }>['why'], RefusalReason>

/**
 * Asks the policy whether whoever wants a job may have it.
 *
 * Trust: fails closed; what the policy does not permit, and what it cannot be asked, is denied.
 */
export function checkPolicy(
  { job, signers }: { readonly job: Job; readonly signers: readonly TrustedKey[] },
  known: { readonly job: JobManifest; readonly nowMs: number },
  policy: PolicyPort,
): Checked<Permitted> {
  const requester = requesterOf(job, signers)
  if (requester === undefined) return refuse('not_requester', { requestedBy: job.requestedBy })
  const { jobType, input, step } = job
  const wantedBy = { principals: [requester], signers }
  return askPolicyForAll({ jobType, input, step, ...known }, wantedBy, policy)
}

/** Whoever wants a document, among those who signed it. */
export function requesterOf(
  { requestedBy }: Pick<Job, 'requestedBy'>,
  signers: readonly TrustedKey[],
): PolicyRequest['principal'] | undefined {
  const key = signers.find(({ keyId }) => keyId === requestedBy)
  return key && { kind: key.role === 'customer' ? 'Customer' : 'Operator', name: key.name }
}

/** Asks the policy about everyone who wants a job. Trust: fails closed; nobody at all is denied. */
export function askPolicyForAll(
  asked: Omit<PolicyRequest, 'principal' | 'signers'>,
  wantedBy: WantedBy,
  policy: PolicyPort,
): Checked<Permitted> {
  const rules = new Set<string>()
  for (const principal of wantedBy.principals) {
    const { signers } = wantedBy
    const checked = askPolicy({ ...asked, principal, signers }, policy)
    if (!checked.ok) return checked
    for (const rule of checked.value) rules.add(rule)
  }
  if (wantedBy.principals.length === 0) return refuse('denied_by_policy', { rules: [], errors: [] })
  return pass({ rules: [...rules], wantedBy })
}

function askPolicy(request: PolicyRequest, policy: PolicyPort): Checked<readonly string[]> {
  const decision = ask(() => policy.decide(request))
  if (!decision.ok) return decision
  if (decision.value.allowed) return pass(decision.value.rules)
  const { why, rules, errors, about } = decision.value
  const { principal } = request
  const bounded = { rules: rules.slice(0, 8), errors: errors.slice(0, 8) }
  return refuse(REASON_OF[why], { principal, ...bounded, ...(about !== undefined && { about }) })
}
