// SPDX-License-Identifier: Apache-2.0
/** An agent without plugins and without a disk: real keys, a real session, a real long poll, real signatures both ways. */
import { AuditLog, auditOrigin } from '@sallyport/core/audit'
import {
  open,
  seal,
  signDocument,
  trustStoreOf,
  verifyEnvelope,
  type Identity,
  type TrustStore,
} from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  epochMs,
  instantOf,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import { makeBackOff, runPollLoop, type Delivery, type HubClient } from '@sallyport/core/transport'
import { randomUUIDv7 } from 'node:crypto'
import type { Membership } from './join-site.ts'
import { MemoryAuditStore } from './memory-audit.ts'

/** What an agent tells its crowd. */
export interface LightAgentEvents {
  onPolled(): void
  /** A job that was never seen before was carried out. */
  onEffect(): void
  onAnswered(): void
  onError(error: unknown): void
}

/** What an agent is made of. */
export interface LightAgentParts {
  readonly identity: Identity
  readonly membership: Membership
  readonly hub: HubClient
  readonly events: LightAgentEvents
}

const MAX_JOB_BYTES = maxEnvelopeBytes(documents.job.maxBytes)

/**
 * One agent.
 *
 * Trust: as in a real one nothing happens without a signature of an operator over exactly these bytes, for this agent and
 * within the job's window; there is no policy and no plugin, and every job type is one effect that is counted.
 */
export class LightAgent {
  readonly #parts: LightAgentParts
  readonly #log: AuditLog
  readonly #trust: TrustStore
  /** Sealed answers by job: a job that comes again gets the one it had. */
  readonly #answers = new Map<string, Promise<string>>()

  constructor(parts: LightAgentParts) {
    this.#parts = parts
    const { identity, membership } = parts
    const origin = auditOrigin(membership.agentId)
    this.#log = new AuditLog(new MemoryAuditStore(), origin, identity.signing)
    this.#trust = trustStoreOf(membership.root, Date.now())
  }

  /** Polls until `signal` ends it. */
  async poll(waitSeconds: number, signal: AbortSignal): Promise<void> {
    const { hub, events } = this.#parts
    await runPollLoop(
      {
        async takeDeliveries(wait) {
          const deliveries = await hub.takeDeliveries(wait)
          events.onPolled()
          return deliveries
        },
        receive: (delivery) => this.#receive(delivery),
        backOff: makeBackOff(Math.random),
        onError: events.onError,
        waitSeconds,
      },
      signal,
    )
  }

  async #receive({ envelopeId, sealed }: Delivery): Promise<void> {
    const { identity, hub, events } = this.#parts
    const receivedAtMs = Date.now()
    const bytes = await open(sealed, identity.sealing, MAX_JOB_BYTES)
    const { job, digest } = this.#verify(bytes)
    const known = this.#answers.get(job.jobId)
    const answer = known ?? this.#carryOut(job, { envelopeId, digest, receivedAtMs })
    this.#answers.set(job.jobId, answer)
    await hub.answerEnvelope(envelopeId, await answer)
    events.onAnswered()
  }

  #verify(bytes: Uint8Array): { job: Job; digest: string } {
    const { membership, identity } = this.#parts
    const envelope = parseEnvelope(bytes, MAX_JOB_BYTES)
    const verified = verifyEnvelope(envelope, documents.job, this.#trust)
    if (!verified.ok) throw new Error(`a job is refused: ${verified.refusal.reason}`)
    const job = parseDocument(documents.job, verified.payload)
    const isOurs = job.agentId === membership.agentId && job.siteId === membership.siteId
    const isReader = job.readers.includes(encodeBase64url(identity.sealing.publicKey))
    if (!isOurs || !isReader) throw new Error('a job is refused: wrong_audience')
    if (epochMs(job.expiresAt) <= Date.now()) throw new Error('a job is refused: expired')
    return { job, digest: verified.digest }
  }

  async #carryOut(job: Job, { envelopeId, digest, receivedAtMs }: Received): Promise<string> {
    const { membership, identity, events } = this.#parts
    events.onEffect()
    const { jobId, jobType, readers } = job
    const event = { event: 'run.finished' as const, jobId, envelopeId, details: { state: 'done' } }
    const [entry] = this.#log.append([event], Date.now())
    const result: Result = {
      resultId: randomUUIDv7(),
      siteId: membership.siteId,
      agentId: membership.agentId,
      jobId,
      envelopeId,
      jobDigest: digest,
      jobType,
      state: 'done',
      output: { count: 1 },
      checksPassedCount: 4,
      handlesUsed: [],
      receivedAt: instantOf(receivedAtMs),
      finishedAt: instantOf(Date.now()),
      stepsMs: { open: 0, admit: 0, journal: 0, run: 0, record: 0 },
      audit: this.#log.prove(entry!.index),
      readers,
    }
    return seal(signDocument(documents.result, result, identity.signing), readers)
  }
}

interface Received {
  readonly envelopeId: string
  readonly digest: string
  readonly receivedAtMs: number
}
