// SPDX-License-Identifier: Apache-2.0
/** How many must sign something and who has, by the same check that the agent makes. */
import { checkSignatures, countSignatures, thingsOf } from '@sallyport/core/admission'
import type { Signed } from '@sallyport/core/admission'
import type { SignatureNeed, TrustedKey, TrustStore } from '@sallyport/core/crypto'
import type { Threshold } from '@sallyport/core/protocol'
import type { JobManifest } from '@sallyport/sdk'

/** What is to be signed; the effect is undefined where this machine does not know it. */
export interface ToSign extends Omit<Signed, 'effect'> {
  readonly effect: Threshold['effect'] | undefined
}

/** Where the signatures of something stand. */
export interface SignatureStanding {
  readonly need: SignatureNeed
  readonly have: SignatureNeed
  readonly isComplete: boolean
}

/**
 * Where a job runs and which guests it is about, for the count of customers.
 *
 * @param job its manifest; where that is not known here, each field of the input counts as a resource of its own name
 */
export function thingsOfJob(
  agent: { readonly name: string },
  input: Readonly<Record<string, unknown>>,
  job?: Pick<JobManifest, 'resources'>,
): string[] {
  const resources = Object.fromEntries(Object.keys(input).map((field) => [field, field]))
  return thingsOf(job ?? { resources }, input, agent.name)
}

const EFFECTS = ['read', 'change', 'destroy'] as const

/**
 * Counts.
 *
 * Trust: the agent alone decides; this says when it is worth asking it. Where the effect is not known here, the most that
 * any effect needs is taken: a job that is sent too early is refused for ever.
 */
export function signatureStanding(
  signed: ToSign,
  signers: readonly TrustedKey[],
  trust: Pick<TrustStore, 'needFor'>,
): SignatureStanding {
  const effects = signed.effect === undefined ? EFFECTS : [signed.effect]
  const needs = effects.map((effect) => trust.needFor(signed.jobType, effect))
  const isComplete = effects.every(
    (effect) => checkSignatures({ ...signed, effect }, signers, trust).ok,
  )
  return {
    need: {
      operators: Math.max(...needs.map(({ operators }) => operators)),
      customers: Math.max(...needs.map(({ customers }) => customers)),
    },
    have: countSignatures(signers, signed.about),
    isComplete,
  }
}

/** Whether a signature of this role would bring it further. */
export function isStillNeeded(
  { need, have }: SignatureStanding,
  role: TrustedKey['role'],
): boolean {
  if (role === 'operator') return have.operators < need.operators
  return role === 'customer' && have.customers < need.customers
}

/**
 * `operators (1 of 2), customer (0 of 1)`.
 *
 * @param yours the role in which the reader has signed or is about to: `operators (1 of 2 with yours)`
 */
export function countsText({ need, have }: SignatureStanding, yours?: TrustedKey['role']): string {
  const part = (role: 'operator' | 'customer', of: number, there: number): string[] => {
    if (of === 0) return []
    const name = role === 'operator' && of > 1 ? 'operators' : role
    return [`${name} (${there} of ${of}${yours === role ? ' with yours' : ''})`]
  }
  const parts = [
    ...part('operator', need.operators, have.operators),
    ...part('customer', need.customers, have.customers),
  ]
  return parts.length === 0 ? 'anyone of the site' : parts.join(', ')
}

/** `needs 3 signatures: operators (1 of 2 with yours), customer (0 of 1)`. */
export function needText(standing: SignatureStanding, yours?: TrustedKey['role']): string {
  const { operators, customers } = standing.need
  const total = Math.max(1, operators + customers)
  const noun = total === 1 ? 'signature' : 'signatures'
  return `needs ${total} ${noun}: ${countsText(standing, yours)}`
}
