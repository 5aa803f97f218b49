// SPDX-License-Identifier: Apache-2.0
/** Asks a policy what an agent would ask it, and says which rules decided. */
import type { PolicyDecision, PolicyRequest } from '@sallyport/core/admission'
import { makePolicy } from '@sallyport/core/policy'
import type { PolicyRule } from '@sallyport/core/policy'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Somebody or something that wants a job, as `operator/ann`. */
export type Principal = PolicyRequest['principal']

const KINDS = {
  operator: 'Operator',
  customer: 'Customer',
  guest: 'Guest',
  schedule: 'Schedule',
} as const

/** Reads `operator/ann`, `customer/bakery`, `guest/101`, `schedule/nightly`. Throws: ERR_USAGE. */
export function parsePrincipal(text: string): Principal {
  const [kind = '', name = '', ...more] = text.split('/')
  if (Object.hasOwn(KINDS, kind) && name !== '' && more.length === 0) {
    return { kind: KINDS[kind as keyof typeof KINDS], name }
  }
  throw new Problem('ERR_USAGE', `${JSON.stringify(text)} is nobody who could want a job`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'Write operator/<name>, customer/<name>, guest/<vmid> or schedule/<name>.',
  })
}

/**
 * Reads those of them who can sign; guests and schedules have no key.
 *
 * Throws: ERR_USAGE.
 */
export function parseSigners(texts: readonly string[]): PolicyRequest['signers'] {
  return texts
    .map(parsePrincipal)
    .filter(({ kind }) => kind === 'Operator' || kind === 'Customer')
    .map(({ kind, name }) => ({ name, role: kind.toLowerCase() }))
}

/** As it is typed: `operator/ann`. */
export function principalText({ kind, name }: Principal): string {
  return `${kind.toLowerCase()}/${name}`
}

/** A request without what the policy's place says. */
export interface Question extends PolicyRequest {
  readonly agentName: string
}

/** What a policy says, with the rules that decided. */
export interface Explained {
  readonly decision: PolicyDecision
  readonly rules: readonly PolicyRule[]
}

/** Decides a request as the agent of that name would. Throws: ERR_POLICY_FORM. */
export function explain(text: string, siteName: string, question: Question): Explained {
  const { agentName, ...request } = question
  const policy = makePolicy(text, { agentName, siteName })
  const decision = policy.decide(request)
  return { decision, rules: policy.rules.filter(({ name }) => decision.rules.includes(name)) }
}
