// SPDX-License-Identifier: Apache-2.0
/** Every answer that an agent ever sent, held against the one before it and against the audit log. */
import {
  auditOrigin,
  leafHash,
  verifyAuditLog,
  verifyCheckpoint,
  verifyInclusion,
} from '@sallyport/core/audit'
import { verifySignature } from '@sallyport/core/crypto'
import { decodeBase64url, pae, parseEnvelope, type Result } from '@sallyport/core/protocol'
import { eventOf } from './entries.ts'
import type { WatchedAgent } from './watched-agent.ts'
import { DiskAuditStore } from './disk-audit.ts'

const MAX_BYTES = 1_000_000

/** What is known of one answer. */
export interface KnownAnswer {
  readonly envelopeId: string
  readonly jobId: string | null
  readonly jobDigest: string | null
  readonly state: Result['state']
  readonly reason: string | null
  readonly sealed: string
  readonly audit: Result['audit']
  readonly agentId: string
  readonly setBackCount: number
}

/** An answer as an agent sends it, and what was sealed. */
export interface GivenAnswer {
  readonly sealed: string
  readonly signed: Uint8Array | undefined
}

/** What ends a run in the audit log. */
const ENDINGS = ['run.finished', 'run.failed', 'run.interrupted']

/** The answers of all agents. */
export class AnswerBook {
  readonly #fail: (invariant: string, what: string) => void
  readonly #bySeal = new Map<string, KnownAnswer>()
  readonly #byLabel = new Map<string, KnownAnswer>()
  readonly #refused = new Set<string>()
  readonly #isThorough: boolean

  /** Signatures of answers cost a fifth of a run, so they are verified in thorough runs only. */
  constructor(fail: (invariant: string, what: string) => void, isThorough: boolean) {
    this.#fail = fail
    this.#isThorough = isThorough
  }

  find(sealed: string): KnownAnswer | undefined {
    return this.#bySeal.get(sealed)
  }

  /** Whether this agent ever refused anything under this label. */
  isRefused({ name }: WatchedAgent, label: string): boolean {
    return this.#refused.has(`${name} ${label}`)
  }

  /** Takes one answer; returns it when it is the first with these bytes. */
  take(
    agent: WatchedAgent,
    envelopeId: string,
    { sealed, signed }: GivenAnswer,
  ): KnownAnswer | undefined {
    const label = `${agent.name} ${envelopeId}`
    const before = this.#byLabel.get(label)
    if (before?.sealed === sealed) return undefined
    if (before !== undefined && before.setBackCount === agent.setBackCount) {
      this.#fail('I3', `${agent.name} answered ${envelopeId} in two ways`)
    }
    const result = signed && this.#resultIn(agent, signed)
    if (result?.envelopeId !== envelopeId) {
      this.#fail('I5', `${agent.name} sent no answer to ${envelopeId} that it signed`)
      return undefined
    }
    const { jobId, jobDigest, state, audit } = result
    const reason = result.refusal?.reason ?? result.failure?.code ?? null
    const { agentId, setBackCount } = agent
    const known = {
      envelopeId,
      jobId,
      jobDigest,
      state,
      reason,
      sealed,
      audit,
      agentId,
      setBackCount,
    }
    this.#byLabel.set(label, known)
    this.#bySeal.set(sealed, known)
    if (state === 'refused') this.#refused.add(label)
    this.#judgeProof(agent, result)
    return known
  }

  /** The log of an agent verifies, holds what its answers prove, and ends every run that had an effect. */
  judgeLog(agent: WatchedAgent, effects: readonly string[]): void {
    const { agentId, disk, identity, name, setBackCount } = agent
    const answers = [...this.#byLabel.values()].filter(
      (answer) => answer.agentId === agentId && answer.setBackCount === setBackCount,
    )
    const verdict = verifyAuditLog(
      new DiskAuditStore(disk),
      auditOrigin(agentId),
      identity.signing.publicKey,
      {
        maxCheckpoints: 1,
        knownCheckpoints: answers.slice(-1).map(({ audit }) => audit.checkpoint),
      },
    )
    if (!verdict.ok) this.#fail('I5', `the log of ${name} does not verify: ${verdict.why}`)
    const { entries } = disk.content
    for (const { audit, envelopeId } of answers) {
      const bytes = entries[audit.index]?.bytes
      const isThere = bytes && Buffer.from(bytes).toString('base64url') === audit.entry
      if (!isThere) this.#fail('I5', `the log of ${name} lacks what ${envelopeId} proves`)
    }
    if (setBackCount > 0) return
    for (const jobId of effects) {
      const events = entries.flatMap((row) => eventOf(row, jobId) ?? [])
      const isHere = events.includes('job.admitted')
      if (isHere && !events.some((event) => ENDINGS.includes(event))) {
        this.#fail('I4', `the log of ${name} does not say how ${jobId} ended`)
      }
    }
  }

  #resultIn({ identity }: WatchedAgent, signed: Uint8Array): Result | undefined {
    const { payloadType, payload, signatures } = parseEnvelope(signed, MAX_BYTES)
    const message = pae(payloadType, payload)
    const { publicKey } = identity.signing
    const isSigned =
      !this.#isThorough ||
      signatures.some((each) => verifySignature(publicKey, message, each.signature))
    return isSigned ? (JSON.parse(Buffer.from(payload).toString()) as Result) : undefined
  }

  #judgeProof(
    { agentId, identity, name }: WatchedAgent,
    { audit, state, envelopeId }: Result,
  ): void {
    const { publicKey } = identity.signing
    const root = this.#rootIn(audit.checkpoint, { origin: auditOrigin(agentId), publicKey })
    const bytes = decodeBase64url(audit.entry)
    const isProven =
      root !== undefined &&
      verifyInclusion({
        leafHash: leafHash(bytes),
        index: audit.index,
        size: audit.treeSize,
        path: audit.path.map(decodeBase64url),
        root,
      })
    if (!isProven) return this.#fail('I5', `${name} proves nothing of its answer to ${envelopeId}`)
    const { event } = JSON.parse(Buffer.from(bytes).toString()) as { event: string }
    if (!fits(state, event)) this.#fail('I5', `${name} answers ${state} and proves ${event}`)
  }

  #rootIn(note: string, by: { origin: string; publicKey: Uint8Array }): Uint8Array | undefined {
    if (!this.#isThorough) return Buffer.from(note.split('\n')[2]!, 'base64')
    const verdict = verifyCheckpoint(note, by.origin, by.publicKey)
    return verdict.ok ? verdict.checkpoint.root : undefined
  }
}

function fits(state: Result['state'], event: string): boolean {
  if (state === 'failed') return event === 'run.failed'
  if (state === 'interrupted') return event === 'run.interrupted'
  if (state === 'refused') return event.endsWith('.refused')
  return (
    event === 'run.finished' ||
    event === 'job.planned' ||
    /\.(accepted|released|pinned|ordered)$/.test(event)
  )
}
