// SPDX-License-Identifier: Apache-2.0
/** The agents an operator knows: codes given out, and keys pinned once their code's proof was verified. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Bytes32, Id, Instant, Name, PublicIdentity } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { readRecords, writeRecord } from './records.ts'

/** One agent. `identity` is there once it is pinned; `sealedProofKey` until then. */
export const AgentRecord = z.strictObject({
  format: z.literal('sallyport-agent-record-1'),
  agentId: Id,
  name: Name,
  /** Null when it was learnt from a colleague. */
  enrolmentId: Id.nullable(),
  codeMadeAt: Instant,
  codeExpiresAt: Instant,
  /** The code's proof key, sealed to this operator: it vouches for the agent's keys and must not lie about. */
  sealedProofKey: z.string().max(4_096).nullable(),
  identity: PublicIdentity.nullable(),
  pinnedAt: Instant.nullable(),
  hostname: z.string().max(253).nullable(),
  agentVersion: z.string().max(64).nullable(),
  /** The operator whose roster named it; absent when it enrolled with a code of this operator. */
  learntFrom: Name.optional(),
  /** Present when its code said that it must be let in. */
  mustConfirm: z.literal(true).optional(),
  /** Whose place it takes, by id: codes of its name, and agents. */
  replaces: z.array(Id).max(64).optional(),
  /** The signing key that this operator let in. */
  confirmedKey: Bytes32.optional(),
  /** When it was sent away; it is nobody since. */
  revokedAt: Instant.optional(),
})
export type AgentRecord = z.infer<typeof AgentRecord>

/** An agent whose keys are pinned. */
export type PinnedAgent = AgentRecord & { readonly identity: PublicIdentity }

/** All agents on record, by name. */
export async function readAgents(home: Home): Promise<AgentRecord[]> {
  const records = await readRecords(home.operator.agents, AgentRecord)
  return records.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Keeps an agent's record. */
export async function writeAgent(home: Home, record: AgentRecord): Promise<void> {
  await writeRecord(pathOf(home, record.agentId), AgentRecord, record)
}

/** Forgets codes of this name that were not redeemed: whoever redeems one from now on is not believed. */
export async function forgetPending(home: Home, name: string): Promise<void> {
  const pending = (await readAgents(home)).filter(
    (each) => each.name === name && !isPinned(each) && each.revokedAt === undefined,
  )
  await Promise.all(pending.map((each) => rm(pathOf(home, each.agentId))))
}

/**
 * Sends away, on record, the agents of other names whose place this one has taken at the hub.
 *
 * Why not those of its own name: of them the newest counts, wherever a name is looked up.
 */
export async function forgetReplaced(
  home: Home,
  { name, replaces = [] }: AgentRecord,
  at: string,
): Promise<void> {
  for (const each of await readAgents(home)) {
    if (each.name === name || each.revokedAt !== undefined) continue
    if (!replaces.includes(each.agentId)) continue
    await writeAgent(home, { ...each, sealedProofKey: null, revokedAt: at })
  }
}

/** Whether an agent's keys are pinned. */
export function isPinned(record: AgentRecord): record is PinnedAgent {
  return record.identity !== null
}

/** The problem with a name that no agent has. */
export function unknownAgent(name: string, known: readonly AgentRecord[]): Problem {
  const names = known.map((record) => record.name)
  return new Problem('ERR_AGENT_UNKNOWN', `no agent is called ${JSON.stringify(name)}`, {
    exit: EXIT.usage,
    details: names.length === 0 ? {} : { known: names.join(', ') },
    unharmed: 'Nothing was sent.',
    remedy: names.length === 0 ? 'Bring one in:' : 'See the agents, or bring a new one in:',
    commands: [
      ...(names.length === 0 ? [] : ['sallyport agent list']),
      `sallyport agent code ${name}`,
    ],
  })
}

/** The problem with an agent that has not redeemed its code. */
export function notEnrolled(record: AgentRecord, nowMs: number): Problem {
  const isOver = Date.parse(record.codeExpiresAt) < nowMs
  return new Problem('ERR_AGENT_NOT_ENROLLED', `${record.name} has not redeemed its code`, {
    exit: EXIT.unreachable,
    details: {
      code: isOver ? `expired at ${record.codeExpiresAt}` : `valid until ${record.codeExpiresAt}`,
    },
    unharmed: 'Nothing was sent.',
    remedy: isOver
      ? 'Make a new code:'
      : 'Run `sallyport agent enrol` on its host, or make a new code:',
    commands: [`sallyport agent code ${record.name}`],
  })
}

function pathOf(home: Home, agentId: string): string {
  return join(home.operator.agents, `${agentId}.json`)
}
