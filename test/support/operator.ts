// SPDX-License-Identifier: Apache-2.0
/** An operator whose hands are free: signs, seals and submits anything, and checks answers as strictly as the real one. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  digestOf,
  foundSite,
  makeEnrolmentCode,
  makeIdentity,
  makeSigningKey,
  makeTrustedKey,
  makeTrustStore,
  open,
  parseEnrolmentCode,
  publicIdentity,
  rootFingerprintOf,
  seal,
  sealUnderSecret,
  signDocument,
  signPublication,
  verifyEnvelope,
  type FoundedSite,
  type Identity,
  type SigningKey,
} from '@sallyport/core/crypto'
import {
  THRESHOLD_PROFILES,
  approvedJobsOf,
  bindingNamesOf,
  documents,
  encodeBase64url,
  instantOf,
  maxEnvelopeBytes,
  parseBundle,
  parseDocument,
  parseEnvelope,
  parseJson,
  type Approval,
  type DocumentKind,
  type Job,
  type Pin,
  type PublicIdentity,
  type QuarantineRelease,
  type Result,
  type Revocation,
} from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { patient } from './patience.ts'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE

/** A policy that permits everything: most cases are about something else. */
const EVERYTHING = 'permit (principal, action, resource);'

/** An agent as the operator knows it. */
export interface KnownAgent {
  readonly agentId: string
  readonly name: string
  readonly signingKey: string
  readonly sealingKey: string
}

/** What may differ from an approval that is right in everything. */
export interface ApproveOptions {
  /** The job types to approve, all of the plugin unless given. */
  readonly jobs?: readonly string[]
  readonly overrides?: Approval['overrides']
  readonly publisher?: Identity
  /** Envelope of the publication, base64url, instead of a good one. */
  readonly publication?: string
  /** Signs the approval instead of the operator. */
  readonly by?: Identity
  readonly changes?: Partial<Approval>
}

/** The document's own id, where the bytes have one. */
function idIn(envelope: Uint8Array): string {
  try {
    const { payload } = parseEnvelope(envelope, 2_000_000)
    const ids = parseJson(payload, 2_000_000) as Record<string, string | undefined>
    const names = ['jobId', 'approvalId', 'revocationId', 'releaseId', 'pinId']
    return names.map((name) => ids[name]).find((id) => id !== undefined) ?? randomUUIDv7()
  } catch {
    return randomUUIDv7()
  }
}

/** A site with one operator, who holds its root key too. */
export class TestOperator {
  readonly siteId = randomUUIDv7()
  readonly identity: Identity
  readonly publisher: Identity
  readonly rootKey: SigningKey = makeSigningKey(randomBytes(32))
  /** Envelopes of the first trust root and the first policy, and the key to the names in it. */
  readonly founded: FoundedSite
  #hub: HubClient | undefined
  /** Approved job types that destroy. */
  readonly #destroying = new Set<string>()

  constructor({ operator = 'ops-1', site = 'home', publisher = 'publisher' } = {}) {
    this.identity = makeIdentity(operator, randomBytes(64))
    this.publisher = makeIdentity(publisher, randomBytes(64))
    this.founded = foundSite({
      siteId: this.siteId,
      siteName: site,
      operator: publicIdentity(this.identity),
      rootKeys: [this.rootKey],
      thresholds: THRESHOLD_PROFILES.homelab,
      policyText: EVERYTHING,
      nowMs: Date.now(),
      expiresAtMs: Date.now() + 400 * DAY,
      random: randomBytes,
    })
  }

  /** The site file a hub is started with. */
  siteFile(): Record<string, unknown> {
    return { format: 'sallyport-site-2', trustRoot: encodeBase64url(this.founded.root) }
  }

  connect(url: string): void {
    this.#hub = openHubClient({ url, key: this.identity.signing, clock: { now: Date.now } })
  }

  get hub(): HubClient {
    if (this.#hub === undefined) throw new Error('not connected')
    return this.#hub
  }

  /** Makes a one-time code as `sallyport agent code` does. */
  async makeCode(name: string): Promise<{ code: string; agentId: string }> {
    const agentId = randomUUIDv7()
    const code = makeEnrolmentCode(randomBytes(16), rootFingerprintOf(this.founded.root))
    const { sealKey, redeemHash } = parseEnrolmentCode(code)
    const expiresAt = instantOf(Date.now() + 30 * MINUTE)
    const enrolment = {
      enrolmentId: randomUUIDv7(),
      siteId: this.siteId,
      agentId,
      agentName: name,
      trustRoot: encodeBase64url(this.founded.root),
      policy: encodeBase64url(this.founded.policy),
      nameKey: encodeBase64url(this.founded.nameKey),
      issuedAt: instantOf(Date.now()),
      expiresAt,
    }
    const signed = signDocument(documents.enrolment, enrolment, this.identity.signing)
    const sealedEnrolment = await sealUnderSecret(signed, sealKey)
    await this.hub.addCode({ agentId, redeemHash, sealedEnrolment, expiresAt })
    return { code, agentId }
  }

  /** Learns an agent's keys from its descriptor at the hub. */
  async meet(agentId: string): Promise<KnownAgent> {
    const { agents } = await this.hub.listAgents()
    const view = agents.find((candidate) => candidate.agentId === agentId)
    if (view?.descriptor == null) throw new Error(`agent ${agentId} has not described itself`)
    const bytes = await open(view.descriptor, this.identity.sealing, 100_000)
    const { payload } = parseEnvelope(bytes, 100_000)
    const { identity } = parseDocument(documents.agentDescriptor, payload)
    return { agentId, ...(identity satisfies PublicIdentity) }
  }

  /** A job that is right in everything, with the case's own changes. */
  job(agent: KnownAgent, changes: Partial<Job> = {}): Job {
    const now = Date.now()
    return {
      jobId: randomUUIDv7(),
      siteId: this.siteId,
      agentId: agent.agentId,
      jobType: 'sensors/host',
      input: {},
      requestedBy: this.identity.signing.keyId,
      step: 'run',
      plan: null,
      issuedAt: instantOf(now),
      notBefore: instantOf(now),
      expiresAt: instantOf(now + 10 * MINUTE),
      readers: [agent.sealingKey, encodeBase64url(this.identity.sealing.publicKey)],
      ...changes,
    }
  }

  sign(job: Job, by: Identity = this.identity): Uint8Array {
    return signDocument(documents.job, job, by.signing)
  }

  /** Signs a document of any kind. */
  signAny<T>(kind: DocumentKind<T>, document: T): Uint8Array {
    return signDocument(kind, document, this.identity.signing)
  }

  /** Seals envelope bytes and hands them to the hub under a label, its id unless the case says otherwise. */
  async submit(
    agent: KnownAgent,
    envelope: Uint8Array,
    envelopeId: string = idIn(envelope),
  ): Promise<string> {
    const sealed = await seal(envelope, [
      agent.sealingKey,
      encodeBase64url(this.identity.sealing.publicKey),
    ])
    const expiresAt = instantOf(Date.now() + 10 * MINUTE)
    await this.hub.submitEnvelope({ envelopeId, agentId: agent.agentId, sealed, expiresAt })
    return envelopeId
  }

  /** Signs a publication of a bundle; its envelope as base64url. Units: days from now. */
  publish(
    bundle: Uint8Array,
    by: Identity = this.publisher,
    { fromDays = 0, untilDays = 30 }: { fromDays?: number; untilDays?: number } = {},
  ): string {
    const now = Date.now()
    const times = { issuedAtMs: now + fromDays * DAY, expiresAtMs: now + untilDays * DAY }
    const publishing = { publisher: by, publicationId: randomUUIDv7(), ...times }
    return encodeBase64url(signPublication(bundle, publishing))
  }

  /** An approval that is right in everything, with the case's own changes. */
  approval(agent: KnownAgent, bundle: Uint8Array, options: ApproveOptions = {}): Approval {
    const { manifest } = parseBundle(bundle)
    const { name, version } = manifest
    const jobs = approvedJobsOf(manifest, options.jobs)
    const publisher = options.publisher ?? this.publisher
    return {
      approvalId: randomUUIDv7(),
      ...this.#addressed(agent),
      plugin: { name, version, digest: digestOf(bundle) },
      publisher: { name: publisher.name, key: encodeBase64url(publisher.signing.publicKey) },
      publication: options.publication ?? this.publish(bundle, publisher),
      jobs,
      bindings: bindingNamesOf(jobs),
      overrides: options.overrides ?? [],
      expiresAt: instantOf(Date.now() + 30 * DAY),
      ...options.changes,
    }
  }

  /** Approves a bundle on an agent and waits for its answer. */
  async approve(
    agent: KnownAgent,
    bundle: Uint8Array,
    options: ApproveOptions = {},
  ): Promise<Result> {
    await this.hub.storeBundle(digestOf(bundle), bundle)
    const approval = this.approval(agent, bundle, options)
    for (const [name, { effect }] of Object.entries(approval.jobs)) {
      if (effect === 'destroy') this.#destroying.add(`${approval.plugin.name}/${name}`)
    }
    const signing = (options.by ?? this.identity).signing
    const envelope = signDocument(documents.approval, approval, signing)
    return this.answerTo(agent, await this.submit(agent, envelope, approval.approvalId))
  }

  /** Signs a revocation that is right in everything, with the case's own changes. */
  revocation(
    agent: KnownAgent,
    subject: Revocation['subject'],
    changes: Partial<Revocation> = {},
    by: Identity = this.identity,
  ): Uint8Array {
    const head = { revocationId: randomUUIDv7(), subject, why: 'a test' }
    const revocation = { ...head, ...this.#addressed(agent), ...changes }
    return signDocument(documents.revocation, revocation, by.signing)
  }

  /** Revokes a plugin, a bundle or a publisher on an agent and waits for its answer. */
  async revoke(
    agent: KnownAgent,
    subject: Revocation['subject'],
    changes: Partial<Revocation> = {},
  ): Promise<Result> {
    return this.answerTo(agent, await this.submit(agent, this.revocation(agent, subject, changes)))
  }

  /** Releases a plugin from quarantine on an agent and waits for its answer. */
  async release(
    agent: KnownAgent,
    plugin: QuarantineRelease['plugin'],
    changes: Partial<QuarantineRelease> = {},
  ): Promise<Result> {
    const expiresAt = instantOf(Date.now() + 10 * MINUTE)
    const head = { releaseId: randomUUIDv7(), plugin, expiresAt }
    const release = { ...head, ...this.#addressed(agent), ...changes }
    const signed = signDocument(documents.quarantineRelease, release, this.identity.signing)
    return this.answerTo(agent, await this.submit(agent, signed))
  }

  /** Pins the certificate of a bound service on an agent and waits for its answer. */
  async pin(
    agent: KnownAgent,
    pin: Pick<Pin, 'plugin' | 'binding' | 'sha256'> & Partial<Pin>,
    by: Identity = this.identity,
  ): Promise<Result> {
    return this.answerTo(agent, await this.submit(agent, this.#signPin(agent, pin, by)))
  }

  /** The same, under a label that is not its id. */
  async pinAs(agent: KnownAgent, pin: Pick<Pin, 'plugin' | 'binding' | 'sha256'>): Promise<Result> {
    const signed = this.#signPin(agent, pin, this.identity)
    return this.answerTo(agent, await this.submit(agent, signed, randomUUIDv7()))
  }

  #signPin(
    agent: KnownAgent,
    pin: Pick<Pin, 'plugin' | 'binding' | 'sha256'> & Partial<Pin>,
    by: Identity,
  ): Uint8Array {
    const expiresAt = instantOf(Date.now() + 10 * MINUTE)
    const head = { pinId: randomUUIDv7(), expiresAt }
    return signDocument(documents.pin, { ...head, ...this.#addressed(agent), ...pin }, by.signing)
  }

  /** As `run`, but only plans. */
  plan(agent: KnownAgent, changes: Partial<Job> = {}): Promise<Result> {
    return this.run(agent, { ...changes, step: 'plan' })
  }

  /** Signs, submits and waits. What destroys is planned first, and runs by that plan; a plan that fails is the answer. */
  async run(agent: KnownAgent, changes: Partial<Job> = {}, waitMs?: number): Promise<Result> {
    const { jobType = '', step, plan } = changes
    if (this.#destroying.has(jobType) && step === undefined && plan === undefined) {
      const planned = await this.plan(agent, changes)
      if (planned.state !== 'done') return planned
      return this.run(agent, { ...changes, plan: planned.output as Job['plan'] }, waitMs)
    }
    const job = this.job(agent, changes)
    return this.answerTo(agent, await this.submit(agent, this.sign(job), job.jobId), waitMs)
  }

  /** Waits for the answer to a label, opens it and verifies the agent's signature. */
  async answerTo(agent: KnownAgent, envelopeId: string, waitMs = patient(20_000)): Promise<Result> {
    const deadline = Date.now() + waitMs
    for (;;) {
      const waitSeconds = Math.min(50, Math.max(1, Math.ceil((deadline - Date.now()) / 1_000)))
      const view = await this.hub.showEnvelope(envelopeId, { waitSeconds, unless: 'queued' })
      if (view.result !== null) return this.#openResult(agent, view.result)
      if (Date.now() > deadline) throw new Error(`no answer to ${envelopeId}: ${view.state}`)
      await this.hub.showEnvelope(envelopeId, { waitSeconds: 1, unless: view.state })
    }
  }

  /** What every document for one agent says, signed now. */
  #addressed(agent: KnownAgent): Pick<Approval, 'siteId' | 'agentIds' | 'issuedAt' | 'readers'> {
    return {
      siteId: this.siteId,
      agentIds: [agent.agentId],
      issuedAt: instantOf(Date.now()),
      readers: [agent.sealingKey, encodeBase64url(this.identity.sealing.publicKey)],
    }
  }

  async #openResult(agent: KnownAgent, sealed: string): Promise<Result> {
    const maxBytes = 2 * maxEnvelopeBytes(documents.result.maxBytes)
    const bytes = await open(sealed, this.identity.sealing, maxBytes)
    const trust = makeTrustStore(this.siteId, [
      makeTrustedKey('agent', agent.name, agent.signingKey),
    ])
    const verified = verifyEnvelope(parseEnvelope(bytes, maxBytes), documents.result, trust)
    if (!verified.ok) throw new Error(`the result is not the agent's: ${verified.refusal.reason}`)
    return parseDocument(documents.result, verified.payload)
  }
}
