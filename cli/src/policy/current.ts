// SPDX-License-Identifier: Apache-2.0
/** The policy that counts at this site, as far as this machine knows: kept here, and taken up from what root holders posted. */
import { digestOf, mergeSignatures, trustStoreOf, verifyPolicy } from '@sallyport/core/crypto'
import type { VerifiedRoot } from '@sallyport/core/crypto'
import { documents, maxEnvelopeBytes, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import type { Envelope, Policy } from '@sallyport/core/protocol'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { keepPolicy, readKeptPolicy } from '../operator/kept-roots.ts'
import type { Operator } from '../operator/operator.ts'
import { readPostings } from '../operator/postings.ts'
import { readChain } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** A policy that enough root holders signed. */
export interface SignedPolicy {
  readonly policy: Policy
  readonly envelope: Uint8Array
  readonly digest: string
}

/** A policy that some signed, and not enough. */
export interface PolicyDraft extends SignedPolicy {
  readonly isComplete: boolean
  /** Holders of root keys who signed. */
  readonly have: readonly string[]
  /** How many must. */
  readonly need: number
}

/**
 * The policy on this machine; undefined when there is none.
 *
 * Trust: it counts under the newest root that it was signed for.
 * Throws: ERR_TRUST_BROKEN when no root on this machine vouches for it.
 */
export async function readPolicy(home: Home): Promise<SignedPolicy | undefined> {
  const envelope = await readKeptPolicy(home)
  if (envelope === undefined) return undefined
  for (const { root } of (await readChain(home)).toReversed()) {
    const verdict = verifyPolicy(root, envelope)
    if (verdict.ok) return { policy: verdict.policy, envelope, digest: verdict.digest }
  }
  throw new CodedError('ERR_TRUST_BROKEN', 'no trust root on this machine vouches for its policy')
}

/** The policy on this machine. Throws: ERR_NO_POLICY. */
export async function expectPolicy(home: Home): Promise<SignedPolicy> {
  const policy = await readPolicy(home)
  if (policy !== undefined) return policy
  throw new Problem('ERR_NO_POLICY', 'there is no policy on this machine', {
    exit: EXIT.refused,
    unharmed: 'Nothing was changed.',
    remedy: 'Fetch that of the site, or write one:',
    commands: ['sallyport policy show', 'sallyport policy init --template solo'],
  })
}

/** Takes up a newer policy that others published, and returns the one that counts. */
export async function syncPolicy(operator: Operator): Promise<SignedPolicy | undefined> {
  const kept = await readPolicy(operator.home)
  const newest = (await readDrafts(operator))
    .filter(({ isComplete }) => isComplete)
    .reduce<SignedPolicy | undefined>((a, b) => newer(operator.site.root, a, b), kept)
  if (newest !== undefined && newest !== kept) await keepPolicy(operator.home, newest.envelope)
  return newest
}

/** Policies that were posted, newest version first, each with all signatures that were given to it. */
export async function readDrafts(operator: Operator): Promise<PolicyDraft[]> {
  const { root } = operator.site
  const posted = await readPostings(operator, { kind: 'policy' })
  const byPayload = Map.groupBy(posted, ({ envelope }) => digestOf(envelope.payload))
  const drafts = [...byPayload.values()].flatMap((same) => {
    const [first, ...others] = same.map(({ envelope }) => envelope)
    const draft = putTogether(root, first!, others)
    return draft === undefined ? [] : [draft]
  })
  return drafts.toSorted((a, b) => b.policy.version - a.policy.version)
}

/** Where a policy stands under a root. */
export function draftOf(root: VerifiedRoot, envelope: Uint8Array): PolicyDraft {
  const { payload } = parseEnvelope(envelope, maxEnvelopeBytes(documents.policy.maxBytes))
  return {
    policy: parseDocument(documents.policy, payload),
    envelope,
    digest: digestOf(payload),
    isComplete: verifyPolicy(root.root, envelope).ok,
    have: holdersIn(root, envelope),
    need: root.root.rootThreshold,
  }
}

function putTogether(
  root: VerifiedRoot,
  first: Envelope,
  others: readonly Envelope[],
): PolicyDraft | undefined {
  const trust = trustStoreOf(root.root, 0)
  try {
    const merged = mergeSignatures(first, others, { kind: documents.policy, trust })
    if (merged === undefined) return undefined
    const draft = draftOf(root, merged.envelope)
    return draft.policy.siteId === root.root.siteId ? draft : undefined
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

function holdersIn(root: VerifiedRoot, envelope: Uint8Array): string[] {
  const parsed = parseEnvelope(envelope, envelope.length)
  const trust = trustStoreOf(root.root, 0)
  const merged = mergeSignatures(parsed, [], { kind: documents.policy, trust })
  return merged === undefined ? [] : [...new Set(merged.signers.map(({ name }) => name))]
}

/** Why of two that are equally new the later root's: an agent that enrols verifies its policy under the newest. */
function newer({ root }: VerifiedRoot, a: SignedPolicy | undefined, b: SignedPolicy): SignedPolicy {
  if (a === undefined || b.policy.version > a.policy.version) return b
  const isOutlived = b.policy.version === a.policy.version && !verifyPolicy(root, a.envelope).ok
  return isOutlived ? b : a
}
