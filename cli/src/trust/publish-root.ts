// SPDX-License-Identifier: Apache-2.0
/** Brings the chain of trust roots to the hub and to the agents, each of which signs that it took it. */
import { randomUUIDv7 } from 'node:crypto'
import { openRoot, seal } from '@sallyport/core/crypto'
import type { VerifiedRoot } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { hubRefusalOf } from '@sallyport/core/transport'
import type { HubClient } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { waitForAnswer } from '../operator/answers.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { keepHead } from '../operator/heads.ts'
import type { Operator } from '../operator/operator.ts'
import { openResult } from '../operator/results.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import { holdingOf, keepHolding } from './holdings.ts'
import type { Holding } from './holdings.ts'

/** How long the hub keeps a root for an agent that is away. Why so long: it must reach whoever comes back late. */
const KEPT_MS = 400 * 86_400_000

type RootHub = Pick<HubClient, 'readTrustRoots' | 'publishTrustRoot'>

/**
 * Gives the hub every version that it does not have yet.
 *
 * Throws: ERR_ROOT_CONFLICT when the hub holds another root under one of these versions, ERR_HUB_….
 */
export async function publishToHub(hub: RootHub, chain: readonly VerifiedRoot[]): Promise<void> {
  const missing: VerifiedRoot[] = []
  for (const each of chain.toReversed()) {
    const [held] = await hub.readTrustRoots(each.root.version)
    if (held === undefined) missing.unshift(each)
    else if (openRoot(decodeBase64url(held)).digest === each.digest) break
    else throw conflict(each)
  }
  for (const { root, envelope } of missing) {
    await hub.publishTrustRoot(root.version, encodeBase64url(envelope)).catch((error: unknown) => {
      throw hubRefusalOf(error)?.status === 409 ? conflict({ root }) : error
    })
  }
}

/** What an agent said to the newest root. */
export interface Taken {
  readonly version: number
  /** Undefined when it had said so before. */
  readonly answer: VerifiedResult | undefined
}

/**
 * Sends an agent the versions that it lacks and waits until it has taken the newest.
 *
 * Why an answer that names what the agent holds is listened to: nobody else knows which versions it took meanwhile.
 * Throws: ERR_NO_ANSWER when it did not answer in time, the agent's refusal, ERR_RESULT_UNVERIFIED.
 */
export async function publishToAgent(
  operator: Operator,
  agent: PinnedAgent,
  { chain, untilMs }: { chain: readonly VerifiedRoot[]; untilMs: number },
): Promise<Taken> {
  const newest = chain.at(-1)!
  const holding = await holdingOf(operator.home, agent.agentId)
  if ((holding.version ?? 0) >= newest.root.version) {
    return { version: holding.version!, answer: undefined }
  }
  const before = holding.version ?? enrolledUnder(chain, agent) ?? newest.root.version - 1
  const from = Math.min(before + 1, newest.root.version)
  const answer = await bring(operator, agent, { chain: since(chain, from), untilMs })
  const held = heldBy(answer)
  if (held === undefined || held + 1 >= newest.root.version) return taken(agent, newest, answer)
  const rest = since(chain, held + 1)
  return taken(agent, newest, await bring(operator, agent, { chain: rest, untilMs }))
}

/** The version that stood when an agent's code was made; undefined when that was before all that is held here. */
export function enrolledUnder(
  chain: readonly VerifiedRoot[],
  { codeMadeAt }: Pick<PinnedAgent, 'codeMadeAt'>,
): number | undefined {
  return chain.findLast(({ root }) => root.issuedAt <= codeMadeAt)?.root.version
}

/** Reads answers that came after nobody waited for them any more. */
export async function settleHolding(operator: Operator, agent: PinnedAgent): Promise<Holding> {
  const holding = await holdingOf(operator.home, agent.agentId)
  for (const sent of holding.sent) await answerTo(operator, agent, { sent, untilMs: 0 })
  return holdingOf(operator.home, agent.agentId)
}

/** Sends what was not sent yet, and returns the answer to the newest. */
async function bring(
  operator: Operator,
  agent: PinnedAgent,
  { chain, untilMs }: { chain: readonly VerifiedRoot[]; untilMs: number },
): Promise<VerifiedResult> {
  const sent: Holding['sent'] = []
  for (const each of chain) sent.push(await sendOnce(operator, agent, each))
  let answer: VerifiedResult | undefined
  for (const each of sent) answer = await answerTo(operator, agent, { sent: each, untilMs })
  if (answer !== undefined) return answer
  throw new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the root yet`, {
    exit: EXIT.unreachable,
    details: { version: chain.at(-1)!.root.version },
    unharmed:
      'It waits at the hub; the agent takes it when it next asks, and until then goes by the root it has.',
    remedy: 'See whether the agent runs, and look again later:',
    commands: ['sallyport agent list', 'sallyport trust publish'],
  })
}

async function sendOnce(
  operator: Operator,
  agent: PinnedAgent,
  { root, envelope, digest }: VerifiedRoot,
): Promise<Holding['sent'][number]> {
  const holding = await holdingOf(operator.home, agent.agentId)
  const before = holding.sent.find((each) => each.digest === digest)
  if (before !== undefined) return before
  const sent = { version: root.version, envelopeId: randomUUIDv7(), digest }
  const readers = [...new Set([agent.identity.sealingKey, ...operator.readers])]
  const { agentId } = agent
  await operator.hub.submitEnvelope({
    envelopeId: sent.envelopeId,
    agentId,
    sealed: await seal(envelope, readers),
    expiresAt: instantOf(operator.now() + KEPT_MS),
  })
  await keepHolding(operator.home, { ...holding, sent: [...holding.sent, sent] })
  return sent
}

async function answerTo(
  operator: Operator,
  agent: PinnedAgent,
  { sent, untilMs }: { sent: Holding['sent'][number]; untilMs: number },
): Promise<VerifiedResult | undefined> {
  const { envelopeId, digest } = sent
  const view = await waitForAnswer(operator, envelopeId, { untilMs }).catch((error: unknown) => {
    if (hubRefusalOf(error)?.status === 404) return null
    throw error
  })
  if (view !== null && view?.result == null && view?.state !== 'expired') return undefined
  const holding = await holdingOf(operator.home, agent.agentId)
  const left = holding.sent.filter((each) => each.envelopeId !== envelopeId)
  const question = { envelopeId, digest, jobId: null }
  const answer =
    view?.result == null ? undefined : await read(operator, agent, view.result, question)
  if (answer === undefined) {
    // The hub has lost it, it lay too long, or it was answered to keys that are gone: it has to be sent again.
    await keepHolding(operator.home, { ...holding, sent: left })
    return undefined
  }
  await keepHead(operator.home, agent.agentId, answer.audit)
  const version = answer.result.state === 'done' ? sent.version : (heldBy(answer) ?? 0)
  const newer = version > (holding.version ?? 0)
  const seen = newer ? { version, at: answer.result.finishedAt } : {}
  await keepHolding(operator.home, { ...holding, ...seen, sent: left })
  return answer
}

/** The answer; undefined when it is sealed to keys that this person had before. */
async function read(...asked: Parameters<typeof openResult>): Promise<VerifiedResult | undefined> {
  try {
    return await openResult(...asked)
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_NOT_A_READER') return undefined
    throw error
  }
}

/** The version that an agent holds when it says that what came does not follow it. */
function heldBy({ result }: VerifiedResult): number | undefined {
  const { refusal } = result
  if (refusal?.reason !== 'stale_version') return undefined
  const { held } = refusal.details
  return typeof held === 'number' ? held : undefined
}

function taken(agent: PinnedAgent, newest: VerifiedRoot, answer: VerifiedResult): Taken {
  const { version } = newest.root
  if (answer.result.state === 'done') return { version, answer }
  const held = heldBy(answer)
  if (held !== undefined && held >= version) return { version: held, answer }
  throw refusalProblem(answer.result, agent.name)
}

function since(chain: readonly VerifiedRoot[], version: number): VerifiedRoot[] {
  return chain.filter(({ root }) => root.version >= version)
}

function conflict({ root }: Pick<VerifiedRoot, 'root'>): Problem {
  return new Problem(
    'ERR_ROOT_CONFLICT',
    `the hub has another version ${root.version} of the root`,
    {
      exit: EXIT.refused,
      details: { version: root.version },
      unharmed: 'Nothing was sent to the hub or to agents.',
      remedy:
        'Somebody changed the root at the same time, or the hub shows a false one. Compare with the others of your site what each holds:',
      commands: ['sallyport trust show'],
    },
  )
}
