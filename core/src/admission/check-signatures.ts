// SPDX-License-Identifier: Apache-2.0
/** Enough distinct people signed, whoever wants it among them. Counted here, on the agent, and nowhere else. */
import type { TrustedKey, TrustStore } from '../crypto/index.ts'
import type { Threshold } from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

/** What is to be signed. */
export interface Signed {
  /** A job type, or `sallyport/<kind of document>`. */
  readonly jobType: string
  readonly effect: Threshold['effect']
  /** The key of whoever wants it. */
  readonly requestedBy: string
}

/**
 * Checks the threshold.
 *
 * Trust: `signers` are keys whose signatures hold. Holders count, not keys, and each counts once; so where two must sign,
 * whoever wants it cannot be the only one who approves.
 */
export function checkSignatures(
  signed: Signed,
  signers: readonly TrustedKey[],
  trust: Pick<TrustStore, 'needFor'>,
): Checked<true> {
  const { jobType, effect, requestedBy } = signed
  if (!signers.some(({ keyId }) => keyId === requestedBy)) {
    return refuse('not_requester', { requestedBy })
  }
  const need = trust.needFor(jobType, effect)
  const have = { operators: countOf(signers, 'operator'), customers: countOf(signers, 'customer') }
  if (have.operators >= need.operators && have.customers >= need.customers) return pass(true)
  return refuse('signatures_missing', { effect, need, have })
}

function countOf(signers: readonly TrustedKey[], role: TrustedKey['role']): number {
  return new Set(signers.filter((key) => key.role === role).map(({ name }) => name)).size
}
