// SPDX-License-Identifier: Apache-2.0
/** Signs policies, leaves them for the other root holders, and brings them to the agents, each of which signs that it took it. */
import { randomUUIDv7 } from 'node:crypto'
import { addSignature, seal, signDocument } from '@sallyport/core/crypto'
import type { SigningKey } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  instantOf,
  maxEnvelopeBytes,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { Policy } from '@sallyport/core/protocol'
import { isPinned } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { waitForAnswer } from '../operator/answers.ts'
import { reviewAgents } from '../operator/descriptors.ts'
import { keepHead } from '../operator/heads.ts'
import type { Operator } from '../operator/operator.ts'
import { readersAmongPeople } from '../operator/people.ts'
import { post } from '../operator/postings.ts'
import { openResult } from '../operator/results.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import { recoveryReaders } from '../trust/recovery-readers.ts'
import { draftOf } from './current.ts'
import type { PolicyDraft, SignedPolicy } from './current.ts'

/** How long the hub keeps a policy for whoever is away. */
const KEPT_MS = 400 * 86_400_000

/** Signs a new version. Throws: ERR_NOT_ROOT_HOLDER. */
export function signPolicy(operator: Operator, policy: Policy, key: SigningKey): PolicyDraft {
  expectHolder(operator, key)
  return draftOf(operator.site.root, signDocument(documents.policy, policy, key))
}

/** Adds a signature to a version that somebody else has signed. Throws: ERR_NOT_ROOT_HOLDER. */
export function cosignPolicy(
  operator: Operator,
  { envelope }: SignedPolicy,
  key: SigningKey,
): PolicyDraft {
  expectHolder(operator, key)
  const parsed = parseEnvelope(envelope, maxEnvelopeBytes(documents.policy.maxBytes))
  return draftOf(operator.site.root, addSignature(parsed, key))
}

/** Leaves a policy at the hub for the people of the site, and for whoever recovers it. */
export async function postPolicy(
  operator: Operator,
  { envelope }: Pick<SignedPolicy, 'envelope'>,
): Promise<void> {
  const people = readersAmongPeople(operator, { customers: true })
  const readers = [...new Set([...people, ...recoveryReaders(operator)])]
  const expiresAt = instantOf(operator.now() + KEPT_MS)
  await post(operator, { kind: 'policy', about: null, envelope, readers, expiresAt })
}

/** The agents of this site whose keys are believed. */
export async function knownAgents(operator: Operator): Promise<PinnedAgent[]> {
  return (await reviewAgents(operator)).flatMap(({ record, view, doubt }) =>
    isPinned(record) && view !== undefined && doubt === undefined ? [record] : [],
  )
}

/**
 * Sends a policy to an agent and waits until it has taken it, or says that it holds a newer one.
 *
 * Throws: ERR_NO_ANSWER, the agent's refusal, ERR_RESULT_UNVERIFIED.
 */
export async function bringPolicy(
  operator: Operator,
  agent: PinnedAgent,
  { policy, untilMs }: { policy: SignedPolicy; untilMs: number },
): Promise<VerifiedResult> {
  const { agentId } = agent
  const envelopeId = randomUUIDv7()
  const readers = [...new Set([agent.identity.sealingKey, ...operator.readers])]
  const expiresAt = instantOf(operator.now() + KEPT_MS)
  const sealed = await seal(policy.envelope, readers)
  await operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt })
  const view = await waitForAnswer(operator, envelopeId, { untilMs })
  if (view?.result == null) throw noAnswer(agent, policy)
  const { digest } = policy
  const answer = await openResult(operator, agent, view.result, { envelopeId, digest, jobId: null })
  await keepHead(operator.home, agentId, answer.audit)
  if (answer.result.state === 'done' || holds(answer, policy.policy.version)) return answer
  throw refusalProblem(answer.result, agent.name)
}

/** Why that is as good: an agent that holds this version or a later one has taken it. */
function holds({ result }: VerifiedResult, version: number): boolean {
  const held = result.refusal?.reason === 'stale_version' ? result.refusal.details['held'] : 0
  return typeof held === 'number' && held >= version
}

function expectHolder({ site }: Operator, key: SigningKey): void {
  const text = encodeBase64url(key.publicKey)
  const { keys, version } = site.root.root
  if (keys.some(({ role, signingKey }) => role === 'root' && signingKey === text)) return
  const holders = keys.filter(({ role }) => role === 'root').map(({ holder }) => holder)
  throw new Problem('ERR_NOT_ROOT_HOLDER', 'the root key on this machine is not one of this root', {
    exit: EXIT.refused,
    details: { version, holders: [...new Set(holders)].join(', ') },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Ask one of the holders to publish it; see who they are:',
    commands: ['sallyport trust show'],
  })
}

function noAnswer(agent: PinnedAgent, { policy }: SignedPolicy): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the policy yet`, {
    exit: EXIT.unreachable,
    details: { version: policy.version },
    unharmed:
      'It waits at the hub; the agent takes it when it next asks, and until then goes by the policy it has.',
    remedy: 'See whether the agent runs, and send it again later:',
    commands: ['sallyport agent list', 'sallyport policy publish'],
  })
}
