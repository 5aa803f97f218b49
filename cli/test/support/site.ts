// SPDX-License-Identifier: Apache-2.0
/** An operator, an agent and the answers that agent gives, all in memory; a case alters one thing at a time. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { AuditLog, auditOrigin } from '@sallyport/core/audit'
import type { AuditAppend, AuditRow, AuditStore, CheckpointRow } from '@sallyport/core/audit'
import {
  foundSite,
  makeIdentity,
  makeSigningKey,
  makeTrustStore,
  makeTrustedKey,
  openRoot,
  publicIdentity,
  revealRoot,
  seal,
  signDocument,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES, documents } from '@sallyport/core/protocol'
import type { Result } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'
import { homeLayout } from '../../src/home.ts'
import type { PinnedAgent } from '../../src/operator/agents.ts'
import type { Operator } from '../../src/operator/operator.ts'
import { siteOf } from '../../src/operator/site.ts'

export const NOW = '2026-11-22T08:00:00.000Z'

/** A new identity. */
export function identityOf(name: string): Identity {
  return makeIdentity(name, randomBytes(64))
}

/** An operator with a hub that is only what a case gives it. */
export function operatorOf(
  identity: Identity,
  folder: string,
  hub: Partial<HubClient> = {},
): Operator & { readonly founded: ReturnType<typeof foundSite> } {
  const siteId = randomUUIDv7()
  const own = publicIdentity(identity)
  const nowMs = Date.parse(NOW)
  const founded = foundSite({
    siteId,
    siteName: 'home',
    operator: own,
    rootKeys: [makeSigningKey(randomBytes(32))],
    thresholds: THRESHOLD_PROFILES.homelab,
    policyText: 'permit (principal, action, resource);',
    nowMs,
    expiresAtMs: nowMs + 86_400_000,
    random: randomBytes,
  })
  return {
    founded,
    home: homeLayout(folder),
    identity,
    site: siteOf(revealRoot(openRoot(founded.root), founded.nameKey)),
    hub: hub as HubClient,
    trust: makeTrustStore(siteId, [makeTrustedKey('operator', own.name, own.signingKey)]),
    readers: [own.sealingKey],
    now: () => Date.parse(NOW),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** The record of an agent whose keys are pinned. */
export function pinned(identity: Identity, agentId: string = randomUUIDv7()): PinnedAgent {
  return {
    format: 'sallyport-agent-record-1',
    agentId,
    name: identity.name,
    enrolmentId: randomUUIDv7(),
    codeMadeAt: NOW,
    codeExpiresAt: NOW,
    sealedProofKey: null,
    identity: publicIdentity(identity),
    pinnedAt: NOW,
    hostname: 'host',
    agentVersion: '0.1.0',
  }
}

/** An agent that answers. */
export class AnsweringAgent {
  readonly identity: Identity
  readonly record: PinnedAgent
  readonly log: AuditLog

  constructor(name: string) {
    this.identity = identityOf(name)
    this.record = pinned(this.identity)
    const origin = auditOrigin(this.record.agentId)
    this.log = new AuditLog(new MemoryStore(), origin, this.identity.signing)
  }

  /** A right answer to an envelope, before it is signed. */
  result(operator: Operator, about: { envelopeId: string; digest: string }): Result {
    const { envelopeId, digest } = about
    const [entry] = this.log.append(
      [{ event: 'run.finished', envelopeId, details: {} }],
      Date.parse(NOW),
    )
    return {
      resultId: randomUUIDv7(),
      siteId: operator.site.siteId,
      agentId: this.record.agentId,
      jobId: envelopeId,
      envelopeId,
      jobDigest: digest,
      jobType: 'p/job',
      state: 'done',
      output: { ok: true },
      checksPassedCount: 9,
      handlesUsed: [],
      receivedAt: NOW,
      finishedAt: NOW,
      stepsMs: { open: 1, admit: 1, journal: 1, run: 1, record: 1 },
      audit: this.log.prove(entry!.index),
      readers: [...operator.readers],
    }
  }

  /** Signs a result and seals it to the operator. */
  async send(
    operator: Operator,
    result: Result,
    signer: Identity = this.identity,
  ): Promise<string> {
    return seal(signDocument(documents.result, result, signer.signing), operator.readers)
  }
}

/** An audit store in memory. */
export class MemoryStore implements AuditStore {
  readonly #rows: AuditRow[] = []
  readonly #notes: CheckpointRow[] = []
  #frontier: Uint8Array | undefined

  size(): number {
    return this.#rows.length
  }

  append({ rows, checkpoint, frontier }: AuditAppend): void {
    this.#rows.push(...rows)
    this.#notes.push(checkpoint)
    this.#frontier = frontier
  }

  read(from: number, to: number): AuditRow[] {
    return this.#rows.slice(from, to)
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.read(from, to).map((row) => row.leafHash)
  }

  checkpoints(): CheckpointRow[] {
    return this.#notes
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.#notes.at(-1)
  }

  frontier(): Uint8Array | undefined {
    return this.#frontier
  }
}
