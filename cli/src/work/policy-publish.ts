// SPDX-License-Identifier: Apache-2.0
/** Makes a policy count: checked, shown against the one that stands, signed, and brought to every agent. */
import type { SigningKey } from '@sallyport/core/crypto'
import { encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { exitOf, forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import { keepPolicy } from '../operator/kept-roots.ts'
import type { Operator } from '../operator/operator.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { Problem, problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { draftOf, expectPolicy, readDrafts, syncPolicy } from '../policy/current.ts'
import type { PolicyDraft, SignedPolicy } from '../policy/current.ts'
import { expectNoErrors, problemLines, readPolicyFile } from '../policy/policy-file.ts'
import {
  bringPolicy,
  cosignPolicy,
  knownAgents,
  postPolicy,
  signPolicy,
} from '../policy/publish.ts'
import { policyDifference } from '../policy/policy-screen.ts'
import { problemsOnAgents, readPolicySite } from '../policy/world.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { renewPolicy } from '../trust/carry-policy.ts'

/** How it is done. */
export interface PublishRequest {
  readonly isAgreed: boolean
  readonly timeoutMs: number
}

/** Publishes a file. Throws: ERR_POLICY_FORM, ERR_POLICY_UNCHANGED, ERR_NOT_CONFIRMED, ERR_NOT_ROOT_HOLDER, … */
export async function policyPublish(
  operator: Operator,
  talk: Talk,
  { file, request, hand }: { file: string; request: PublishRequest; hand: RootHand },
): Promise<ExitCode> {
  const { siteId, root } = operator.site
  const policy = await readPolicyFile(file)
  const problems = problemsOnAgents(policy.text, await readPolicySite(operator.home, root.root))
  if (problems.length > 0) talk.say(problemLines(policy, problems, talk.aside))
  expectNoErrors(policy, problems)
  const before = await syncPolicy(operator)
  if (before?.policy.text === policy.text) throw unchanged(before)
  const pending = (await readDrafts(operator))[0]?.policy.version ?? 0
  const version = Math.max(before?.policy.version ?? 0, pending) + 1
  const shown = policyDifference(before?.policy, { version, text: policy.text }, talk.aside)
  await confirmOrStop(talk, { shown, question: 'Sign and publish it?', isAgreed: request.isAgreed })
  const issuedAt = instantOf(operator.now())
  const document = { siteId, version, text: policy.text, issuedAt }
  const draft = signPolicy(operator, document, await hand.unlock())
  return finish(operator, talk, { draft, request })
}

/** Adds this holder's signature to the newest policy that lacks some. Throws: ERR_POLICY_UNCHANGED, … */
export async function policySign(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: PublishRequest; hand: RootHand },
): Promise<ExitCode> {
  const before = await syncPolicy(operator)
  const counts = before?.policy.version ?? 0
  const drafts = await readDrafts(operator)
  const pending = drafts.find((each) => !each.isComplete && each.policy.version > counts)
  if (pending === undefined) throw nothingToSign()
  const note = `Signed by ${pending.have.join(', ')}; ${pending.need} must.`
  const shown = `${policyDifference(before?.policy, pending.policy, talk.aside)}\n${note}`
  await confirmOrStop(talk, { shown, question: 'Sign exactly this?', isAgreed: request.isAgreed })
  const key = await hand.unlock()
  expectUseful(operator, pending, key)
  return finish(operator, talk, { draft: cosignPolicy(operator, pending, key), request })
}

/**
 * Sends the policy that counts to every agent once more; signs it anew first where the trust root has changed since.
 *
 * Throws: ERR_NO_POLICY, ERR_NOT_ROOT_HOLDER, …
 */
export async function policyRepublish(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: PublishRequest; hand: RootHand },
): Promise<ExitCode> {
  await syncPolicy(operator)
  const policy = await expectPolicy(operator.home)
  if (draftOf(operator.site.root, policy.envelope).isComplete) {
    return tell(operator, talk, { policy, request })
  }
  const key = await hand.unlock()
  const draft = renewPolicy(operator.site, policy, [key]) ?? cosignPolicy(operator, policy, key)
  return finish(operator, talk, { draft, request })
}

async function finish(
  operator: Operator,
  talk: Talk,
  { draft, request }: { draft: PolicyDraft; request: PublishRequest },
): Promise<ExitCode> {
  await waiting(talk, 'telling the hub', () => postPolicy(operator, draft))
  if (draft.isComplete) {
    await keepPolicy(operator.home, draft.envelope)
    return tell(operator, talk, { policy: draft, request })
  }
  const { policy, have, need, digest } = draft
  const { version } = policy
  const document = { ...baseOf(draft), state: 'proposed', digest, signedBy: have, need, agents: [] }
  talk.answer(document, () =>
    [
      `${talk.paint.warn('proposed')} policy ${version}: signed by ${have.join(', ')}, and ${need} must`,
      'Nothing has changed yet. Another holder of a root key reads and signs it with:',
      '  sallyport policy sign',
    ].join('\n'),
  )
  return EXIT.done
}

async function tell(
  operator: Operator,
  talk: Talk,
  { policy, request }: { policy: SignedPolicy; request: Pick<PublishRequest, 'timeoutMs'> },
): Promise<ExitCode> {
  const agents = await knownAgents(operator)
  using _leaving = onInterrupt(
    'The policy is signed; agents that were sent it take it when they next ask the hub.',
    EXIT.unknown,
  )
  const untilMs = operator.now() + request.timeoutMs
  const outcomes = await waiting(talk, 'waiting for the agents', () =>
    forEachAgent(agents, (agent) => bringPolicy(operator, agent, { policy, untilMs })),
  )
  const { paint } = talk
  const { version } = policy.policy
  const document = { ...baseOf(policy), state: 'published', agents: outcomes.map(agentJson) }
  talk.answer(document, () =>
    [
      `${paint.good('published')} policy ${version} of site ${operator.site.name}`,
      ...outcomes.map((outcome) => {
        if ('problem' in outcome) return problemScreen(outcome.problem, paint)
        const by = paint.dim(`, signed by it, audit entry ${outcome.value.audit.index}`)
        return `${paint.good('taken')} ${outcome.agent.name} goes by policy ${version}${by}`
      }),
    ].join('\n'),
  )
  return exitOf(outcomes)
}

function baseOf({ policy: { siteId, version }, digest }: SignedPolicy): object {
  return { format: 'sallyport.policy-publish/1', siteId, version, digest }
}

function agentJson(outcome: AgentOutcome<VerifiedResult>): object {
  const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
  if ('problem' in outcome) return { agent, state: 'failed', error: problemJson(outcome.problem) }
  const verified = { signedBy: agent.name, auditIndex: outcome.value.audit.index }
  return { agent, state: 'taken', verified }
}

function unchanged({ policy }: SignedPolicy): Problem {
  return new Problem('ERR_POLICY_UNCHANGED', `policy ${policy.version} says exactly this`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'To send it once more to agents that were away:',
    commands: ['sallyport policy publish'],
  })
}

/** Why: nobody counts twice, and a signature that changes nothing would only look as if it did. */
function expectUseful({ site }: Operator, { have }: PolicyDraft, key: SigningKey): void {
  const text = encodeBase64url(key.publicKey)
  const holder = site.root.root.keys.find(({ signingKey }) => signingKey === text)?.holder
  if (holder === undefined || !have.includes(holder)) return
  const what = `${holder} has signed it already, and nobody counts twice`
  throw new Problem('ERR_SIGNATURE_NOT_NEEDED', what, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Another holder of a root key reads and signs it:',
    commands: ['sallyport policy sign'],
  })
}

function nothingToSign(): Problem {
  return new Problem('ERR_POLICY_UNCHANGED', 'no policy waits for a signature', {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'See the one that counts:',
    commands: ['sallyport policy show'],
  })
}
