// SPDX-License-Identifier: Apache-2.0
/** Reads back what lies at the hub: whose document it is, and what the agent answered, both verified. */
import { open, verifyEnvelope } from '@sallyport/core/crypto'
import type { AnyDocumentKind, TrustedKey, Verification } from '@sallyport/core/crypto'
import { documents, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { isPinned } from './agents.ts'
import type { AgentRecord } from './agents.ts'
import type { Operator } from './operator.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'

/** The kinds of document that operators send to agents. */
const SENT = [
  documents.job,
  documents.approval,
  documents.revocation,
  documents.quarantineRelease,
  documents.pin,
  documents.cancellation,
  documents.isolation,
  documents.schedule,
  documents.scheduleOrder,
]

type Verified = Extract<Verification, { ok: true }>

/** What an operator of the site sent. */
export type Content =
  | {
      readonly kind: 'job'
      readonly job: Job
      readonly digest: string
      readonly signer: string
      /** Everybody whose signature holds. */
      readonly signers: readonly TrustedKey[]
    }
  | {
      readonly kind:
        | 'approval'
        | 'revocation'
        | 'quarantine-release'
        | 'pin'
        | 'cancellation'
        | 'isolation'
        | 'schedule'
        | 'schedule-order'
      readonly digest: string
      readonly signer: string
    }

/** One envelope, read. */
export interface Mail {
  readonly view: EnvelopeView
  readonly agent: AgentRecord | undefined
  /** Undefined when it cannot be believed; then `doubt` says why. */
  readonly content: Content | undefined
  readonly answer: VerifiedResult | undefined
  readonly doubt: string | undefined
}

/** Reads one envelope with its answer. Never throws for what the hub made up: that is the doubt. */
export async function readMail(
  operator: Operator,
  view: EnvelopeView,
  agents: readonly AgentRecord[],
): Promise<Mail> {
  const agent = agents.find((record) => record.agentId === view.agentId)
  const content = await orDoubt(readContent(operator, view))
  const answer = await orDoubt(readAnswer(operator, view, { content: content.value, agent }))
  const doubt = content.doubt ?? answer.doubt
  return { view, agent, content: content.value, answer: answer.value, doubt }
}

async function orDoubt<T>(reading: Promise<T>): Promise<{ value?: T; doubt?: string }> {
  try {
    return { value: await reading }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { doubt: error.message }
  }
}

async function readContent(operator: Operator, view: EnvelopeView): Promise<Content> {
  const bytes = await open(view.sealed, operator.identity.sealing, WIRE.maxSealedBytes)
  const verified = verifyEnvelope<AnyDocumentKind>(
    parseEnvelope(bytes, WIRE.maxSealedBytes),
    SENT,
    operator.trust,
  )
  if (!verified.ok) throw doubtful(`no operator of the site signed it (${verified.refusal.reason})`)
  const { id, content } = contentOf(verified)
  if (id === view.envelopeId) return content
  throw doubtful('the hub shows it under the id of another')
}

/** The document with the id under which it must lie at the hub. */
function contentOf(verified: Verified): { id: string; content: Content } {
  const { kind, payload, digest, signer, signers } = verified
  const by = { digest, signer: signer.name }
  switch (kind.name) {
    case documents.approval.name:
      return {
        id: parseDocument(documents.approval, payload).approvalId,
        content: { kind: 'approval', ...by },
      }
    case documents.revocation.name:
      return {
        id: parseDocument(documents.revocation, payload).revocationId,
        content: { kind: 'revocation', ...by },
      }
    case documents.quarantineRelease.name:
      return {
        id: parseDocument(documents.quarantineRelease, payload).releaseId,
        content: { kind: 'quarantine-release', ...by },
      }
    case documents.pin.name:
      return {
        id: parseDocument(documents.pin, payload).pinId,
        content: { kind: 'pin', ...by },
      }
    case documents.cancellation.name:
      return {
        id: parseDocument(documents.cancellation, payload).cancellationId,
        content: { kind: 'cancellation', ...by },
      }
    case documents.isolation.name:
      return {
        id: parseDocument(documents.isolation, payload).isolationId,
        content: { kind: 'isolation', ...by },
      }
    case documents.schedule.name:
      return {
        id: parseDocument(documents.schedule, payload).scheduleId,
        content: { kind: 'schedule', ...by },
      }
    case documents.scheduleOrder.name:
      return {
        id: parseDocument(documents.scheduleOrder, payload).orderId,
        content: { kind: 'schedule-order', ...by },
      }
    default: {
      const job = parseDocument(documents.job, payload)
      return { id: job.jobId, content: { kind: 'job', job, ...by, signers } }
    }
  }
}

async function readAnswer(
  operator: Operator,
  view: EnvelopeView,
  { content, agent }: { content: Content | undefined; agent: AgentRecord | undefined },
): Promise<VerifiedResult | undefined> {
  if (view.result === null) return undefined
  if (agent === undefined || !isPinned(agent)) {
    throw doubtful('the keys of its agent are not pinned on this machine')
  }
  return openResult(operator, agent, view.result, {
    envelopeId: view.envelopeId,
    // Without content only an agent that could not read it either can have answered.
    digest: content?.digest ?? '',
    jobId: content?.kind === 'job' ? content.job.jobId : null,
  })
}

function doubtful(why: string): CodedError<'ERR_MAIL_DOUBTFUL'> {
  return new CodedError('ERR_MAIL_DOUBTFUL', why)
}
