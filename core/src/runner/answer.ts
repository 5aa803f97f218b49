// SPDX-License-Identifier: Apache-2.0
/** Builds the one signed answer to a delivery, with the proof that it stands in the audit log. */
import { signDocument, type Identity } from '../crypto/index.ts'
import { documents, instantOf, type AuditProof, type Result } from '../protocol/index.ts'

/** Milliseconds of each step of one job on the agent. */
export type StepsMs = Result['stepsMs']

/** What the runner has learnt about a delivery by the time it answers. */
export interface Answer {
  readonly envelopeId: string
  readonly jobId: string | null
  readonly jobDigest: string | null
  readonly jobType: string | null
  /** Present when a schedule was due; `jobDigest` is then its. */
  readonly schedule?: NonNullable<Result['schedule']>
  readonly outcome: Outcome
  readonly plugin?: { name: string; version: string; digest: string }
  readonly checksPassedCount: number
  readonly handlesUsed: readonly string[]
  readonly receivedAtMs: number
  readonly stepsMs: StepsMs
  readonly readers: readonly string[]
}

/** How a delivery ended. */
export type Outcome =
  | { state: 'done'; output: unknown; verification?: NonNullable<Result['verification']> }
  | { state: 'failed' | 'interrupted'; failure: NonNullable<Result['failure']> }
  | { state: 'refused'; refusal: NonNullable<Result['refusal']> }

/** Who answers. */
export interface Answerer {
  readonly siteId: string
  readonly agentId: string
  readonly identity: Identity
}

/** Signs the answer. Returns the DSSE envelope of a result document. */
export function signAnswer(
  answer: Answer,
  audit: AuditProof,
  by: Answerer & { resultId: string; nowMs: number },
): Uint8Array {
  const { outcome, receivedAtMs, ...rest } = answer
  const result = {
    ...rest,
    ...outcome,
    resultId: by.resultId,
    siteId: by.siteId,
    agentId: by.agentId,
    receivedAt: instantOf(receivedAtMs),
    finishedAt: instantOf(by.nowMs),
    audit,
  } as Result
  return signDocument(documents.result, result, by.identity.signing)
}
