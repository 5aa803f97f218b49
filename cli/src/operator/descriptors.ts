// SPDX-License-Identifier: Apache-2.0
/** Pins an agent's keys: its descriptor is opened and the proof in it compared with the code that was given out. */
import {
  codeProof,
  equalBytes,
  makeTrustStore,
  makeTrustedKey,
  open,
  verifyEnvelope,
} from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  instantOf,
  parseDocument,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { AgentDescriptor } from '@sallyport/core/protocol'
import type { AgentView } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import {
  forgetReplaced,
  isPinned,
  notEnrolled,
  readAgents,
  unknownAgent,
  writeAgent,
} from './agents.ts'
import type { AgentRecord, PinnedAgent } from './agents.ts'
import type { Operator } from './operator.ts'
import { selfOf } from './people.ts'
import { learnAgents } from './roster.ts'

const MAX_SEALED_BYTES = 32 * 1_024
const MAX_PROOF_KEY_BYTES = 4_096
const PAGE_ROWS = 100
const MAX_PAGES = 200

/** What became of a record when it was held against the hub's view. */
export interface AgentStanding {
  readonly record: AgentRecord
  /** The hub's view; undefined when the hub knows nothing of it. */
  readonly view: AgentView | undefined
  /** It was sent away: by this operator, or as the hub says. Then there is no view of it. */
  readonly isRevoked?: true
  /** Why the keys the hub shows are not believed. */
  readonly doubt?: string
}

/** Holds every agent on record against the hub and pins those whose proof is right. */
export async function reviewAgents(operator: Operator): Promise<AgentStanding[]> {
  const [records, views] = await Promise.all([readAgents(operator.home), allAgents(operator)])
  const byId = new Map(views.map((view) => [view.agentId, view]))
  return Promise.all(records.map((record) => review(operator, record, byId.get(record.agentId))))
}

/**
 * The agent of this name, its keys pinned; pins them now when its descriptor has arrived since.
 *
 * Why: a second agent of one name replaces the first, but not before it is there.
 * Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_NOT_ENROLLED, ERR_AGENT_DOUBTFUL.
 */
export async function findAgent(operator: Operator, name: string): Promise<PinnedAgent> {
  const records = await agentsKnowing(operator, name)
  const named = records
    .filter((each) => each.name === name && each.revokedAt === undefined)
    .sort((a, b) => (a.codeMadeAt > b.codeMadeAt ? -1 : 1))
  const views = named[0] === undefined || isPinned(named[0]) ? [] : await allAgents(operator)
  let doubt: string | undefined
  for (const record of named) {
    const view = views.find((each) => each.agentId === record.agentId)
    const standing: AgentStanding = isPinned(record)
      ? { record, view }
      : await review(operator, record, view)
    if (isPinned(standing.record)) return standing.record
    doubt ??= standing.doubt
  }
  if (named[0] === undefined) throw unknownAgent(name, records)
  if (doubt === undefined) throw notEnrolled(named[0], operator.now())
  throw doubtful(`the keys of ${name} are not believed: ${doubt}`)
}

/** Why only then: an agent of a colleague is taken up from their roster when it is first named here. */
async function agentsKnowing(operator: Operator, name: string): Promise<AgentRecord[]> {
  const records = await readAgents(operator.home)
  if (records.some((each) => each.name === name)) return records
  await learnAgents(operator)
  return readAgents(operator.home)
}

/** All agents that the hub shows. Why none to others than operators: everybody else knows them from rosters. */
export async function allAgents(operator: Operator): Promise<AgentView[]> {
  if (selfOf(operator).role !== 'operator') return []
  const { hub } = operator
  const views: AgentView[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await hub.listAgents({ cursor, limit: PAGE_ROWS })
    views.push(...answer.agents)
    if (answer.nextCursor === null) break
    cursor = answer.nextCursor
  }
  return views
}

async function review(
  operator: Operator,
  record: AgentRecord,
  view: AgentView | undefined,
): Promise<AgentStanding> {
  const isRevoked = record.revokedAt !== undefined || view?.standing === 'revoked'
  if (isRevoked) return { record, view: undefined, isRevoked }
  if (view === undefined) return { record, view }
  if (isPinned(record)) {
    const isSame = record.identity.signingKey === view.signingKey
    return isSame
      ? { record, view }
      : { record, view, doubt: 'the hub shows another key than the pinned one' }
  }
  if (view.standing === 'waiting') return { record, view }
  const unconfirmed = unconfirmedOf(record, view)
  if (unconfirmed !== undefined) return { record, view, doubt: unconfirmed }
  if (view.descriptor === null) return { record, view }
  try {
    const descriptor = await verifyDescriptor(operator, record, view)
    return { record: await pin(operator, record, descriptor), view }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { record, view, doubt: error.message }
  }
}

/** Why: a hub that lets in whom it likes would do so with another key, or without a word of this operator. */
function unconfirmedOf(record: AgentRecord, { signingKey }: AgentView): string | undefined {
  if (record.mustConfirm !== true) return undefined
  if (record.confirmedKey === undefined) return 'it was let in, and not by you'
  return record.confirmedKey === signingKey
    ? undefined
    : 'another key was let in than you confirmed'
}

/**
 * Opens a descriptor and checks that whoever holds these keys also held the code.
 *
 * Trust: the hub relays all of it, so nothing counts but the code's proof over both keys and the signature.
 */
async function verifyDescriptor(
  operator: Operator,
  record: AgentRecord,
  view: AgentView,
): Promise<AgentDescriptor> {
  const { identity, site } = operator
  const signer = makeTrustedKey('agent', record.name, view.signingKey)
  const bytes = await open(view.descriptor!, identity.sealing, MAX_SEALED_BYTES)
  const verified = verifyEnvelope(
    parseEnvelope(bytes, 2 * documents.agentDescriptor.maxBytes),
    documents.agentDescriptor,
    makeTrustStore(site.siteId, [signer]),
  )
  if (!verified.ok)
    throw doubtful(`the descriptor is not signed by its key (${verified.refusal.reason})`)
  const descriptor = parseDocument(documents.agentDescriptor, verified.payload)
  await expectProof(operator, record, descriptor)
  if (descriptor.identity.signingKey !== view.signingKey) throw doubtful('it describes another key')
  if (descriptor.siteId !== site.siteId || descriptor.agentId !== record.agentId) {
    throw doubtful('it describes another agent')
  }
  if (!descriptor.readers.includes(Buffer.from(identity.sealing.publicKey).toString('base64url'))) {
    throw doubtful('it was sealed anew by someone else')
  }
  return descriptor
}

async function expectProof(
  { identity }: Operator,
  record: AgentRecord,
  descriptor: AgentDescriptor,
): Promise<void> {
  if (record.sealedProofKey === null) throw doubtful('the code was made by another operator')
  const proofKey = await open(record.sealedProofKey, identity.sealing, MAX_PROOF_KEY_BYTES)
  const { signingKey, sealingKey } = descriptor.identity
  const expected = decodeBase64url(codeProof(proofKey, signingKey, sealingKey))
  if (!equalBytes(expected, decodeBase64url(descriptor.codeProof))) {
    throw doubtful('its keys are not those of whoever redeemed the code')
  }
}

async function pin(
  operator: Operator,
  record: AgentRecord,
  descriptor: AgentDescriptor,
): Promise<PinnedAgent> {
  const pinned = {
    ...record,
    sealedProofKey: null,
    identity: descriptor.identity,
    pinnedAt: instantOf(operator.now()),
    hostname: descriptor.hostname,
    agentVersion: descriptor.agentVersion,
  }
  // First: once it is pinned, nobody looks whose place it took.
  await forgetReplaced(operator.home, record, pinned.pinnedAt)
  await writeAgent(operator.home, pinned)
  return pinned
}

function doubtful(why: string): CodedError<'ERR_AGENT_DOUBTFUL'> {
  return new CodedError('ERR_AGENT_DOUBTFUL', why)
}
