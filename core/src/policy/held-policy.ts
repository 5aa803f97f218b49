// SPDX-License-Identifier: Apache-2.0
/** The policy that an agent holds at the moment, read anew only when another one takes its place. */
import { isCodedError } from '@sallyport/sdk'
import type { PolicyDecision, PolicyPort } from '../admission/index.ts'
import { makePolicy } from './policy.ts'
import type { PolicyPlace } from './questions.ts'

/** A policy as it was verified. */
export interface HeldPolicyText {
  readonly version: number
  readonly text: string
}

/**
 * Asks the policy that `current` returns.
 *
 * Trust: `current` returns what was verified, or nothing; then, and when it cannot be read, everything is denied.
 * Throws: what `current` throws.
 */
export function heldPolicy(
  current: () => HeldPolicyText | undefined,
  place: () => PolicyPlace,
): PolicyPort {
  let known: { text: string; place: string; port: PolicyPort } | undefined
  return {
    decide(request) {
      const held = current()
      if (held === undefined) return { allowed: false, why: 'missing', rules: [], errors: [] }
      const where = place()
      const key = `${where.siteName}/${where.agentName}`
      if (known?.text !== held.text || known.place !== key) {
        known = { text: held.text, place: key, port: readOrDeny(held.text, where) }
      }
      return known.port.decide(request)
    },
  }
}

function readOrDeny(text: string, place: PolicyPlace): PolicyPort {
  try {
    return makePolicy(text, place)
  } catch (error) {
    if (!isCodedError(error)) throw error
    const decision: PolicyDecision = {
      allowed: false,
      why: 'broken',
      rules: [],
      errors: [error.message.slice(0, 240)],
    }
    return { decide: () => decision }
  }
}
