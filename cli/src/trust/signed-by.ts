// SPDX-License-Identifier: Apache-2.0
/** What a person signed lately, as far as the hub still has it: read, verified, and said in a few words. */
import { open, verifyEnvelope } from '@sallyport/core/crypto'
import type { AnyDocumentKind } from '@sallyport/core/crypto'
import { documents, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { readAgents } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'

/** One document. */
export interface SignedDocument {
  readonly envelopeId: string
  readonly agent: string
  readonly kind: string
  /** A job type, a plugin and its version, the name of a schedule. */
  readonly what: string
  readonly queuedAt: string
  readonly state: EnvelopeView['state']
  /** Whether nobody else signed it. */
  readonly isAlone: boolean
}

/** Kinds that agents take from people. */
const KINDS: readonly AnyDocumentKind[] = [
  documents.job,
  documents.approval,
  documents.revocation,
  documents.quarantineRelease,
  documents.pin,
  documents.schedule,
  documents.scheduleOrder,
  documents.cancellation,
  documents.isolation,
]

/** Kinds that agents hold, and that count no more once whoever signed them is gone. */
export const HELD_KINDS: readonly string[] = [documents.approval.name, documents.schedule.name]

const PAGE_ROWS = 100
const MAX_PAGES = 20

/** Everything at the hub that one of these keys signed, newest first. Trust: what cannot be verified is left out. */
export async function signedBy(
  operator: Operator,
  keyIds: ReadonlySet<string>,
): Promise<SignedDocument[]> {
  const agents = new Map((await readAgents(operator.home)).map((each) => [each.agentId, each.name]))
  const found: SignedDocument[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { envelopes, nextCursor } = await operator.hub.listEnvelopes({ cursor, limit: PAGE_ROWS })
    for (const view of envelopes) {
      const signed = await read(operator, view, keyIds)
      const agent = agents.get(view.agentId) ?? view.agentId
      if (signed !== undefined) found.push({ ...signed, agent })
    }
    if (nextCursor === null) break
    cursor = nextCursor
  }
  return found
}

async function read(
  operator: Operator,
  view: EnvelopeView,
  keyIds: ReadonlySet<string>,
): Promise<Omit<SignedDocument, 'agent'> | undefined> {
  try {
    const bytes = await open(view.sealed, operator.identity.sealing, WIRE.maxSealedBytes)
    const envelope = parseEnvelope(bytes, WIRE.maxSealedBytes)
    const verified = verifyEnvelope(envelope, KINDS, operator.trust)
    if (!verified.ok || !verified.signers.some(({ keyId }) => keyIds.has(keyId))) return undefined
    const { envelopeId, queuedAt, state } = view
    const isAlone = verified.signers.every(({ keyId }) => keyIds.has(keyId))
    const kind = verified.kind.name
    return { envelopeId, queuedAt, state, kind, what: whatOf(kind, verified.payload), isAlone }
  } catch (error) {
    // Sealed to others, or made up by the hub.
    if (isCodedError(error)) return undefined
    throw error
  }
}

function whatOf(kind: string, payload: Uint8Array): string {
  switch (kind) {
    case documents.job.name:
      return parseDocument(documents.job, payload).jobType
    case documents.approval.name: {
      const { name, version } = parseDocument(documents.approval, payload).plugin
      return `${name} ${version}`
    }
    case documents.schedule.name: {
      const { name, jobType } = parseDocument(documents.schedule, payload)
      return `${name} (${jobType})`
    }
    default:
      return ''
  }
}
