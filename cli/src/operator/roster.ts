// SPDX-License-Identifier: Apache-2.0
/** The agents' keys, passed on: operators post those they verified, other people of the site take them up. */
import { randomUUIDv7 } from 'node:crypto'
import { signDocument, verifyEnvelope } from '@sallyport/core/crypto'
import { documents, instantOf, parseDocument } from '@sallyport/core/protocol'
import type { Envelope, Roster } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { isPinned, readAgents, writeAgent } from './agents.ts'
import type { AgentRecord, PinnedAgent } from './agents.ts'
import { readKeptPolicy } from './kept-roots.ts'
import type { Operator } from './operator.ts'
import { MAX_DOCUMENT_READERS, readersAmongPeople, selfOf } from './people.ts'
import { recoveryReaders } from '../trust/recovery-readers.ts'
import { post, readPostings } from './postings.ts'

/** How long a roster lies at the hub. */
const KEPT_MS = 400 * 86_400_000
const MAX_AGENTS = 256

/** A roster that an operator of the root signed. */
export interface ReadRoster {
  readonly roster: Roster
  /** Who signed it. */
  readonly by: string
  readonly envelope: Envelope
}

/**
 * Posts the agents that this operator pinned by their own codes, if the newest roster of theirs does not name them all
 * and for everyone. Says whether there was something to post.
 */
export async function publishRoster(operator: Operator): Promise<boolean> {
  if (selfOf(operator).role !== 'operator') return false
  const agents = await ownAgents(operator)
  const revoked = await ownRevoked(operator)
  if (agents.length === 0 && revoked.length === 0) return false
  const people = readersAmongPeople(operator, { customers: true })
  // Whoever loses a machine gets the agents' keys back from here.
  const readers = [...new Set([...recoveryReaders(operator), ...people])].slice(
    0,
    MAX_DOCUMENT_READERS,
  )
  const newest = (await readRosters(operator)).find(({ by }) => by === operator.identity.name)
  if (newest !== undefined && isSame(newest.roster, { agents, revoked, readers })) return false
  const nowMs = operator.now()
  const roster: Roster = {
    rosterId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agents: agents.map(({ agentId, name, identity }) => ({
      agentId,
      name,
      signingKey: identity.signingKey,
      sealingKey: identity.sealingKey,
    })),
    ...(revoked.length === 0 ? {} : { revoked }),
    issuedAt: instantOf(nowMs),
    readers,
  }
  const envelope = signDocument(documents.roster, roster, operator.identity.signing)
  const expiresAt = instantOf(nowMs + KEPT_MS)
  await post(operator, { kind: 'roster', about: null, envelope, readers, expiresAt })
  // What new people, and a machine that is recovered, need beside it to make codes.
  const policy = await readKeptPolicy(operator.home)
  if (policy !== undefined) {
    await post(operator, { kind: 'policy', about: null, envelope: policy, readers, expiresAt })
  }
  return true
}

/**
 * Takes up agents that this machine does not know. Returns their names.
 *
 * Trust: a roster counts when an operator of the root that is held here signed it. It adds agents; of those that are known
 * it changes no key, so nobody can put other keys in their place. Those that an operator sent away are nobody from then on.
 */
export async function learnAgents(operator: Operator): Promise<string[]> {
  const known = new Set((await readAgents(operator.home)).map(({ agentId }) => agentId))
  const names: string[] = []
  for (const { roster, by } of await readRosters(operator)) {
    for (const entry of roster.agents) {
      if (known.has(entry.agentId)) continue
      known.add(entry.agentId)
      await writeAgent(operator.home, recordOf(entry, roster, by))
      names.push(entry.name)
    }
  }
  await takeRevoked(operator)
  return names
}

async function takeRevoked(operator: Operator): Promise<void> {
  const records = new Map((await readAgents(operator.home)).map((each) => [each.agentId, each]))
  for (const { roster } of await readRosters(operator)) {
    for (const agentId of roster.revoked ?? []) {
      const record = records.get(agentId)
      if (record === undefined || record.revokedAt !== undefined) continue
      await writeAgent(operator.home, { ...record, revokedAt: roster.issuedAt })
      records.delete(agentId)
    }
  }
}

/** Rosters of the operators, newest first. */
export async function readRosters(operator: Operator): Promise<ReadRoster[]> {
  const rosters: ReadRoster[] = []
  for (const { envelope } of await readPostings(operator, { kind: 'roster' })) {
    const verified = verifyEnvelope(envelope, documents.roster, operator.trust)
    if (!verified.ok) continue
    const roster = formOf(verified.payload)
    if (roster?.siteId === operator.site.siteId)
      rosters.push({ roster, by: verified.signer.name, envelope })
  }
  return rosters.sort((a, b) => (a.roster.issuedAt > b.roster.issuedAt ? -1 : 1))
}

function formOf(payload: Uint8Array): Roster | undefined {
  try {
    return parseDocument(documents.roster, payload)
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

/** Why their own only: whoever learnt of an agent from another's roster does not vouch for it. */
async function ownAgents({ home }: Operator): Promise<PinnedAgent[]> {
  const records = await readAgents(home)
  return records
    .filter(isPinned)
    .filter(({ learntFrom, revokedAt }) => learntFrom === undefined && revokedAt === undefined)
    .slice(0, MAX_AGENTS)
}

/** Those whom this operator sent away, whoever brought them in. */
async function ownRevoked({ home }: Operator): Promise<string[]> {
  const records = await readAgents(home)
  return records
    .flatMap(({ agentId, revokedAt }) => (revokedAt === undefined ? [] : [agentId]))
    .slice(-MAX_AGENTS)
}

function isSame(
  roster: Roster,
  now: { agents: readonly PinnedAgent[]; revoked: readonly string[]; readers: readonly string[] },
): boolean {
  const lineOf = (id: string, name: string, key: string) => `${id} ${name} ${key}`
  const named = new Set(
    roster.agents.map((each) => lineOf(each.agentId, each.name, each.signingKey)),
  )
  const holdsAll = now.agents.every(({ agentId, name, identity }) =>
    named.has(lineOf(agentId, name, identity.signingKey)),
  )
  return (
    holdsAll &&
    named.size === now.agents.length &&
    (roster.revoked ?? []).join() === now.revoked.join() &&
    now.readers.every((reader) => roster.readers.includes(reader))
  )
}

function recordOf(entry: Roster['agents'][number], roster: Roster, by: string): AgentRecord {
  const { agentId, name, signingKey, sealingKey } = entry
  return {
    format: 'sallyport-agent-record-1',
    agentId,
    name,
    enrolmentId: null,
    codeMadeAt: roster.issuedAt,
    codeExpiresAt: roster.issuedAt,
    sealedProofKey: null,
    identity: { name, signingKey, sealingKey },
    pinnedAt: roster.issuedAt,
    hostname: null,
    agentVersion: null,
    learntFrom: by,
  }
}
