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
  /** Where a job runs and what it is about: `agent/pve1`, `guest/101`. A document that is no job leaves it out. */
  readonly about?: readonly string[] | undefined
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
  const have = countSignatures(signers, signed.about)
  if (have.operators >= need.operators && have.customers >= need.customers) return pass(true)
  return refuse('signatures_missing', { effect, need, have })
}

/**
 * How many distinct holders there are among these keys, by what they count as.
 *
 * Why customers by guest: one customer's word says nothing about a guest of another. Of several guests the one with the
 * fewest counts; a job about no guest is the affair of those who have the whole agent.
 */
export function countSignatures(
  signers: readonly TrustedKey[],
  about?: readonly string[],
): SignatureNeed {
  return { operators: countOf(signers, 'operator'), customers: countCustomers(signers, about) }
}

function countCustomers(signers: readonly TrustedKey[], about?: readonly string[]): number {
  if (about === undefined) return countOf(signers, 'customer')
  const agents = about.filter((thing) => thing.startsWith('agent/'))
  const guests = about.filter((thing) => thing.startsWith('guest/'))
  const concerned = (things: readonly string[]): number =>
    countOf(
      signers.filter(({ concerns }) => things.some((thing) => concerns.includes(thing))),
      'customer',
    )
  if (guests.length === 0) return concerned(agents)
  return Math.min(...guests.map((guest) => concerned([guest, ...agents])))
}

function countOf(signers: readonly TrustedKey[], role: TrustedKey['role']): number {
  return new Set(signers.filter((key) => key.role === role).map(({ name }) => name)).size
}
