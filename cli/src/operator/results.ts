// SPDX-License-Identifier: Apache-2.0
/** Opens an agent's answer and verifies everything in it that can be verified. */
import {
  auditOrigin,
  leafHash,
  parseAuditEntry,
  verifyCheckpoint,
  verifyInclusion,
} from '@sallyport/core/audit'
import { makeTrustStore, makeTrustedKey, open, verifyEnvelope } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  encodeBase64url,
  parseDocument,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { AuditProof, Result } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { PinnedAgent } from './agents.ts'
import type { Operator } from './operator.ts'

/** What the answer must be an answer to. */
export interface Question {
  readonly envelopeId: string
  /** Digest of the signed payload that was sent. */
  readonly digest: string
  /** Null for documents that are no job; for reports it follows from what they say of themselves. */
  readonly jobId: string | null | ((result: Result) => string | null)
}

/** A verified answer. */
export interface VerifiedResult {
  readonly result: Result
  /** The audit log under which the answer's entry was proved. */
  readonly audit: {
    readonly index: number
    readonly treeSize: number
    readonly root: Uint8Array
    readonly checkpoint: string
  }
}

/**
 * Opens and verifies an answer.
 *
 * Trust: the hub relays it. It counts only if the agent whose keys are pinned signed exactly these bytes, for this
 * site and this question, sealed to this reader, and its audit log provably holds the entry.
 * Throws: ERR_RESULT_UNVERIFIED with the check that failed, ERR_SEALED_FORM, ERR_NOT_A_READER, ERR_UNSEAL.
 */
export async function openResult(
  operator: Operator,
  agent: PinnedAgent,
  sealed: string,
  question: Question,
): Promise<VerifiedResult> {
  const bytes = await open(sealed, operator.identity.sealing, WIRE.maxSealedResultBytes)
  const result = verifySignature(operator, agent, bytes)
  expectAnswer(operator, agent, result, question)
  return { result, audit: verifyProof(agent, result.audit, question) }
}

function verifySignature(operator: Operator, agent: PinnedAgent, bytes: Uint8Array): Result {
  const signer = makeTrustedKey('agent', agent.name, agent.identity.signingKey)
  const verified = verifyEnvelope(
    parseEnvelope(bytes, 2 * documents.result.maxBytes),
    documents.result,
    makeTrustStore(operator.site.siteId, [signer]),
  )
  if (!verified.ok) throw unverified(`${agent.name} did not sign it (${verified.refusal.reason})`)
  return parseDocument(documents.result, verified.payload)
}

function expectAnswer(
  operator: Operator,
  agent: PinnedAgent,
  result: Result,
  question: Question,
): void {
  const ownKey = encodeBase64url(operator.identity.sealing.publicKey)
  if (result.siteId !== operator.site.siteId) throw unverified('it is of another site')
  if (result.agentId !== agent.agentId) throw unverified('it is of another agent')
  if (result.envelopeId !== question.envelopeId) throw unverified('it answers another envelope')
  if (!result.readers.includes(ownKey)) throw unverified('it was sealed anew by someone else')
  // An agent that could not read the job says so, and cannot name what it could not read.
  if (result.state === 'refused' && result.jobDigest === null) return
  const jobId = typeof question.jobId === 'function' ? question.jobId(result) : question.jobId
  if (result.jobId !== jobId) throw unverified('it answers another job')
  if (result.jobDigest !== question.digest)
    throw unverified('it answers other bytes than were signed')
}

/** Source: RFC 6962, section 2.1.1; C2SP tlog-checkpoint, "Note text". */
function verifyProof(
  agent: PinnedAgent,
  proof: AuditProof,
  question: Question,
): VerifiedResult['audit'] {
  const { index, treeSize, checkpoint } = proof
  const publicKey = decodeBase64url(agent.identity.signingKey)
  const head = verifyCheckpoint(checkpoint, auditOrigin(agent.agentId), publicKey)
  if (!head.ok) throw unverified(`the head of the audit log does not hold: ${head.why}`)
  const { size, root } = head.checkpoint
  const entry = decodeBase64url(proof.entry)
  const path = proof.path.map(decodeBase64url)
  const isIncluded = verifyInclusion({ leafHash: leafHash(entry), index, size, path, root })
  if (size !== treeSize || !isIncluded) {
    throw unverified('the entry is not in the audit log that the agent signed')
  }
  const { index: ownIndex, envelopeId } = parseAuditEntry(entry)
  if (ownIndex !== index || envelopeId !== question.envelopeId) {
    throw unverified('the proved audit entry is about something else')
  }
  return { index, treeSize, root, checkpoint }
}

function unverified(why: string): CodedError<'ERR_RESULT_UNVERIFIED'> {
  return new CodedError('ERR_RESULT_UNVERIFIED', `the answer is not believed: ${why}`, {
    details: { why },
  })
}
