// SPDX-License-Identifier: Apache-2.0
/** Enough distinct people signed, whoever wants it among them. Counted here, on the agent, and nowhere else. */
import type { SignatureNeed, TrustedKey, TrustStore } from '../crypto/index.ts'
import type { Threshold } from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

/** What is to be signed. */
export interface Signed {
  /** A job type, or `sallyport/<kind of document>`. */
  readonly jobType: string
  readonly effect: Threshold['effect']
  /** The key of whoever wants it; a document without one is wanted by whoever signed it. */
  readonly requestedBy?: string | undefined
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
  if (requestedBy !== undefined && !signers.some(({ keyId }) => keyId === requestedBy)) {
    return refuse('not_requester', { requestedBy })
  }
  const need = trust.needFor(jobType, effect)
  const have = countSignatures(signers)
  if (have.operators >= need.operators && have.customers >= need.customers) return pass(true)
  return refuse('signatures_missing', { effect, need, have })
}

/** How many distinct holders there are among these keys, by what they count as. */
export function countSignatures(signers: readonly TrustedKey[]): SignatureNeed {
  return { operators: countOf(signers, 'operator'), customers: countOf(signers, 'customer') }
}

function countOf(signers: readonly TrustedKey[], role: TrustedKey['role']): number {
  return new Set(signers.filter((key) => key.role === role).map(({ name }) => name)).size
}
