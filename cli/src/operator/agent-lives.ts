// SPDX-License-Identifier: Apache-2.0
/** What an operator decides about agents at the hub: let in, send away, let go on. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url, instantOf } from '@sallyport/core/protocol'
import type { AgentView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { isPinned, readAgents, unknownAgent, writeAgent } from './agents.ts'
import type { AgentRecord, PinnedAgent } from './agents.ts'
import { isolate } from './cancellations.ts'
import { allAgents } from './descriptors.ts'
import type { Operator } from './operator.ts'
import { keepRevokedAgent } from './revoked-agents.ts'
import { learnAgents, publishRoster } from './roster.ts'

/** An agent that is there answers sooner. Why so short: whoever has the host goes on until the hub knows. Units: milliseconds. */
const ISOLATE_WITHIN_MS = 5_000

/** An agent that waits to be let in. */
export interface WaitingAgent {
  readonly record: AgentRecord
  readonly view: AgentView
  /** Whole, as people compare it. */
  readonly keyId: string
}

/** Agents of a name that were not sent away, the newest first. Throws: ERR_AGENT_UNKNOWN. */
export async function agentsNamed(operator: Operator, name: string): Promise<AgentRecord[]> {
  const named = async () =>
    (await readAgents(operator.home))
      .filter((each) => each.name === name && each.revokedAt === undefined)
      .sort((a, b) => (a.codeMadeAt > b.codeMadeAt ? -1 : 1))
  const known = await named()
  if (known.length > 0) return known
  await learnAgents(operator)
  const learnt = await named()
  if (learnt.length > 0) return learnt
  throw unknownAgent(name, await readAgents(operator.home))
}

/** The agent of this name that waits to be let in. Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_NOT_WAITING. */
export async function findWaiting(operator: Operator, name: string): Promise<WaitingAgent> {
  const records = await agentsNamed(operator, name)
  const views = await allAgents(operator)
  for (const record of records) {
    const view = views.find((each) => each.agentId === record.agentId)
    if (view?.standing !== 'waiting') continue
    return { record, view, keyId: keyIdOf(decodeBase64url(view.signingKey)) }
  }
  throw notWaiting(name, records)
}

/** Lets in an agent with the very key that was looked at, and keeps that this was so. */
export async function confirmWaiting(operator: Operator, waiting: WaitingAgent): Promise<void> {
  const { record, view } = waiting
  await writeAgent(operator.home, { ...record, confirmedKey: view.signingKey })
  await operator.hub.confirmAgent(record.agentId, view.signingKey)
}

/** An agent that was sent away. */
export interface SentAway {
  readonly record: AgentRecord & { readonly revokedAt: string }
  /** It signed that it takes no jobs and runs no schedules any more. */
  readonly isIsolated: boolean
}

/**
 * Sends away every agent of a name. Returns them.
 *
 * Why isolated first: the hub takes nothing to it afterwards, and its schedules end by an operator's signed word alone. Who
 * does not answer at once is sent away all the same.
 * Why the record last: what it says is what the hub was told. Why a roster: other people of the site, and a hub that is
 * set back, hear of it from there.
 */
export async function revokeNamed(operator: Operator, name: string): Promise<SentAway[]> {
  const revoked: SentAway[] = []
  for (const record of await agentsNamed(operator, name)) {
    const isIsolated = isPinned(record) && (await isolateAtOnce(operator, record))
    await operator.hub.revokeAgent(record.agentId)
    const gone = { ...record, sealedProofKey: null, revokedAt: instantOf(operator.now()) }
    await writeAgent(operator.home, gone)
    await keepRevokedAgent(operator.home, {
      format: 'sallyport-revoked-agent-1',
      agentId: gone.agentId,
      name,
      revokedAt: gone.revokedAt,
    })
    revoked.push({ record: gone, isIsolated })
  }
  await publishRoster(operator)
  return revoked
}

/** Whether the agent took the word. Why no reason why not: it is away, or the word takes more signatures than one. */
async function isolateAtOnce(operator: Operator, agent: PinnedAgent): Promise<boolean> {
  const untilMs = operator.now() + ISOLATE_WITHIN_MS
  const word = { isIsolated: true, why: 'it is sent away', untilMs }
  try {
    return (await isolate(operator, agent, word))?.result.state === 'done'
  } catch (error) {
    if (isCodedError(error) || error instanceof Problem) return false
    throw error
  }
}

/** Lets an agent go on of which two ran. Throws: ERR_AGENT_UNKNOWN, the hub's refusals. */
export async function releaseNamed(operator: Operator, name: string): Promise<AgentRecord> {
  const record = (await agentsNamed(operator, name)).find(isPinned)
  if (record === undefined) throw unknownAgent(name, await readAgents(operator.home))
  await operator.hub.releaseAgent(record.agentId)
  return record
}

function notWaiting(name: string, records: readonly AgentRecord[]): Problem {
  const isIn = records.some(isPinned)
  return new Problem('ERR_AGENT_NOT_WAITING', `${name} does not wait to be let in`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was changed.',
    remedy: isIn
      ? 'It is in already:'
      : 'Its code was not used yet, or was made without --confirm; see how it stands:',
    commands: ['sallyport agent list'],
  })
}
