// SPDX-License-Identifier: Apache-2.0
/** The policy of a site under a new trust root: the same words, signed anew where the holders who signed them are gone. */
import { mergeSignatures, signDocument, trustStoreOf } from '@sallyport/core/crypto'
import type { SigningKey, VerifiedRoot } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  maxEnvelopeBytes,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { Envelope, Policy, TrustRoot } from '@sallyport/core/protocol'
import { keepPolicy } from '../operator/kept-roots.ts'
import type { Operator } from '../operator/operator.ts'
import type { Site } from '../operator/site.ts'
import { draftOf, readDrafts, syncPolicy } from '../policy/current.ts'
import type { PolicyDraft, SignedPolicy } from '../policy/current.ts'
import { postPolicy } from '../policy/publish.ts'

/** A policy under the newest root. */
export interface Carried {
  readonly draft: PolicyDraft
  /** Whether it was signed just now: anew, or as the first of its site. */
  readonly signed: 'anew' | 'first' | null
}

/**
 * Makes the policy of this machine one of the newest root, and leaves it at the hub for the others. Undefined when there is
 * none here and at the hub, and no first one either.
 *
 * Why the very same payload: agents that took it hold it on, under the root that stood then, and new ones take no other.
 * Throws: as `syncPolicy` and `postPolicy`.
 */
export async function carryPolicy(
  operator: Operator,
  keys: readonly SigningKey[],
  first?: Policy,
): Promise<Carried | undefined> {
  const { root } = operator.site
  const policy = await syncPolicy(operator)
  const draft =
    policy === undefined ? firstPolicy(root, first, keys) : renewPolicy(operator.site, policy, keys)
  if (draft === undefined) return standing(operator, policy)
  await postPolicy(operator, draft)
  if (draft.isComplete) await keepPolicy(operator.home, draft.envelope)
  // Others may have signed it anew before.
  const known = draft.isComplete ? undefined : await syncPolicy(operator)
  const merged = known && draftOf(root, known.envelope)
  const signed = policy === undefined ? 'first' : 'anew'
  return { draft: merged?.isComplete ? merged : draft, signed }
}

async function standing(
  operator: Operator,
  policy: SignedPolicy | undefined,
): Promise<Carried | undefined> {
  const waiting = policy === undefined ? (await readDrafts(operator))[0] : undefined
  const draft = policy ? draftOf(operator.site.root, policy.envelope) : waiting
  return draft && { draft, signed: null }
}

function firstPolicy(
  root: VerifiedRoot,
  policy: Policy | undefined,
  keys: readonly SigningKey[],
): PolicyDraft | undefined {
  const signed = policy && signPolicyAs(root.root, policy, keys)
  return signed && draftOf(root, signed)
}

/** The same policy with signatures of the newest root; undefined when it needs none, or none of the keys counts there. */
export function renewPolicy(
  { root }: Pick<Site, 'root'>,
  { policy, envelope }: Pick<SignedPolicy, 'policy' | 'envelope'>,
  keys: readonly SigningKey[],
): PolicyDraft | undefined {
  if (draftOf(root, envelope).isComplete) return undefined
  const signed = signPolicyAs(root.root, policy, keys)
  if (signed === undefined) return undefined
  const rules = { kind: documents.policy, trust: trustStoreOf(root.root, 0) }
  const merged = mergeSignatures(parse(signed), [parse(envelope)], rules)
  return draftOf(root, merged?.envelope ?? signed)
}

/** Signs a policy with the first of the keys that is a root key of a root; undefined when none is. */
function signPolicyAs(
  root: TrustRoot,
  policy: Policy,
  keys: readonly SigningKey[],
): Uint8Array | undefined {
  const held = new Set(
    root.keys.flatMap(({ role, signingKey }) => (role === 'root' ? [signingKey] : [])),
  )
  const key = keys.find(({ publicKey }) => held.has(encodeBase64url(publicKey)))
  return key && signDocument(documents.policy, policy, key)
}

function parse(envelope: Uint8Array): Envelope {
  return parseEnvelope(envelope, maxEnvelopeBytes(documents.policy.maxBytes))
}
