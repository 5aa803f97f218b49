// SPDX-License-Identifier: Apache-2.0
/** A small site for tests: an operator, an agent, one plugin bundle, and documents signed by whomever a case needs. */
import type { PluginManifest } from '@sallyport/sdk'
import type { AdmissionPorts, HeldPlugin } from '../../src/admission/index.ts'
import { HUB_ORIGIN, rootOf, signCheckpoint } from '../../src/audit/index.ts'
import {
  digestOf,
  makeBundle,
  makeIdentity,
  makeSigningKey,
  makeTrustedKey,
  makeTrustStore,
  signDocument,
  signPublication,
  type Identity,
} from '../../src/crypto/index.ts'
import { checkAgainstSchema } from '../../src/plugins/input-check.ts'
import {
  approvedJobsOf,
  documents,
  encodeBase64url,
  instantOf,
  parseEnvelope,
  parseJson,
  type Approval,
  type Cancellation,
  type HubRestoration,
  type Isolation,
  type Job,
  type Pin,
  type QuarantineRelease,
  type Revocation,
  type Schedule,
  type ScheduleOrder,
} from '../../src/protocol/index.ts'

export const NOW = Date.parse('2026-03-01T12:00:00.000Z')
export const MINUTE = 60_000
export const SITE_ID = '01890000-0000-7000-8000-000000000001'
export const AGENT_ID = '01890000-0000-7000-8000-000000000002'
export const OTHER_ID = '01890000-0000-7000-8000-000000000009'

export const operator = identityOf('ops-1', 1)
export const agent = identityOf('pve1', 2)
export const publisher = identityOf('publisher', 3)
export const stranger = identityOf('stranger', 4)
/** Named as a publisher by the trust root too. */
export const otherPublisher = identityOf('maker', 5)

export const manifest: PluginManifest = {
  name: 'sensors',
  version: '1.0.0',
  summary: 'Readings',
  jobs: {
    read: {
      summary: 'Read',
      effect: 'read',
      input: {
        type: 'object',
        properties: { vmid: { type: 'integer', minimum: 1 }, chip: { type: 'string' } },
        additionalProperties: false,
      },
      output: { type: 'object' },
      resources: {},
      permissions: {},
      limits: { perMinute: 2, timeoutMs: 1_000, maxOutputBytes: 1_000 },
      policyInputs: [],
      hasPlan: false,
      hasResume: false,
      hasVerify: false,
    },
  },
}

export const bundle = makeBundle(manifest, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })

const publisherOf = (by: Identity) => ({
  name: by.name,
  key: encodeBase64url(by.signing.publicKey),
})

/** Envelope of a publication of a bundle, base64url. */
export function publicationOf(bytes: Uint8Array = bundle, by: Identity = publisher): string {
  const times = { issuedAtMs: NOW - 2 * MINUTE, expiresAtMs: NOW + 10_000 * MINUTE }
  const publishing = { publisher: by, publicationId: makeId(), ...times }
  return encodeBase64url(signPublication(bytes, publishing))
}

let counter = 0

/** A fresh UUIDv7-shaped id. */
export function makeId(): string {
  counter += 1
  return `01890000-0000-7000-8000-${counter.toString(16).padStart(12, 'f')}`
}

export function identityOf(name: string, seedByte: number): Identity {
  return makeIdentity(name, new Uint8Array(64).fill(seedByte))
}

export function sealingKeyOf(identity: Identity): string {
  return encodeBase64url(identity.sealing.publicKey)
}

/** A job that is right in everything, with the case's own changes. */
export function makeJob(changes: Partial<Job> = {}): Job {
  return {
    jobId: makeId(),
    siteId: SITE_ID,
    agentId: AGENT_ID,
    jobType: 'sensors/read',
    input: {},
    requestedBy: operator.signing.keyId,
    step: 'run',
    plan: null,
    issuedAt: instantOf(NOW),
    notBefore: instantOf(NOW),
    expiresAt: instantOf(NOW + 10 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

export function signJob(changes: Partial<Job> = {}, by: Identity = operator): Uint8Array {
  return signDocument(documents.job, makeJob(changes), by.signing)
}

export function makeApproval(changes: Partial<Approval> = {}): Approval {
  return {
    approvalId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    plugin: { name: 'sensors', version: '1.0.0', digest: digestOf(bundle) },
    publisher: publisherOf(publisher),
    publication: publicationOf(),
    jobs: approvedJobsOf(manifest),
    bindings: [],
    overrides: [],
    issuedAt: instantOf(NOW - MINUTE),
    expiresAt: instantOf(NOW + 1_000 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

export function signApproval(changes: Partial<Approval> = {}, by: Identity = operator): Uint8Array {
  return signDocument(documents.approval, makeApproval(changes), by.signing)
}

/** A revocation of the plugin, signed now for this agent, with the case's own changes. */
export function makeRevocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    revocationId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    subject: { plugin: 'sensors' },
    why: 'a case',
    issuedAt: instantOf(NOW),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** A release of the bundle from quarantine, likewise. */
export function makeRelease(changes: Partial<QuarantineRelease> = {}): QuarantineRelease {
  return {
    releaseId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    plugin: { name: 'sensors', digest: digestOf(bundle) },
    issuedAt: instantOf(NOW),
    expiresAt: instantOf(NOW + 10 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** A schedule of the job of `makeJob`, every ten minutes for a month, with the case's own changes. */
export function makeSchedule(changes: Partial<Schedule> = {}): Schedule {
  return {
    scheduleId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    name: 'readings',
    requestedBy: operator.signing.keyId,
    cron: '*/10 * * * *',
    timeZone: 'UTC',
    jitterSeconds: 0,
    catchUp: 'skip',
    jobType: 'sensors/read',
    input: {},
    issuedAt: instantOf(NOW),
    notBefore: instantOf(NOW),
    expiresAt: instantOf(NOW + 30 * 24 * 60 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

export function signSchedule(changes: Partial<Schedule> = {}, by: Identity = operator): Uint8Array {
  return signDocument(documents.schedule, makeSchedule(changes), by.signing)
}

/** An order to pause a schedule, likewise. */
export function makeOrder(changes: Partial<ScheduleOrder> = {}): ScheduleOrder {
  return {
    orderId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    scheduleId: OTHER_ID,
    order: 'pause',
    issuedAt: instantOf(NOW),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** The fingerprint of a certificate that `makePin` pins. */
export const PINNED = 'ab'.repeat(32)

/** A pin of a binding, likewise. */
export function makePin(changes: Partial<Pin> = {}): Pin {
  return {
    pinId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    plugin: 'proxmox',
    binding: 'pve',
    sha256: PINNED,
    issuedAt: instantOf(NOW),
    expiresAt: instantOf(NOW + 10 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** A cancellation of a job, likewise. */
export function makeCancellation(changes: Partial<Cancellation> = {}): Cancellation {
  return {
    cancellationId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    jobId: makeId(),
    why: 'a case',
    issuedAt: instantOf(NOW),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** An order to take no jobs, likewise. */
export function makeIsolation(changes: Partial<Isolation> = {}): Isolation {
  return {
    isolationId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    isIsolated: true,
    why: 'a case',
    issuedAt: instantOf(NOW),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** A key of a hub for what it signs. */
export const hubKey = makeSigningKey(new Uint8Array(32).fill(9))

/** Word that the hub was restored and has nothing, likewise. */
export function makeRestoration(changes: Partial<HubRestoration> = {}): HubRestoration {
  const empty = { origin: HUB_ORIGIN, size: 0, root: rootOf([]) }
  return {
    restorationId: makeId(),
    siteId: SITE_ID,
    agentIds: [AGENT_ID],
    epoch: 2,
    hubKey: encodeBase64url(hubKey.publicKey),
    hubHead: signCheckpoint(empty, hubKey),
    issuedAt: instantOf(NOW),
    expiresAt: instantOf(NOW + 10 * MINUTE),
    readers: [sealingKeyOf(agent), sealingKeyOf(operator)],
    ...changes,
  }
}

/** The label under which an honest hub delivers an envelope: the id in its payload. */
export function labelOf(envelope: Uint8Array): string {
  const { payload } = parseEnvelope(envelope, 1_000_000)
  const ids = parseJson(payload, 1_000_000) as Record<string, string | undefined>
  const names = [
    'orderId',
    'scheduleId',
    'cancellationId',
    'isolationId',
    'restorationId',
    'jobId',
    'approvalId',
    'revocationId',
    'releaseId',
    'pinId',
  ]
  return names.map((name) => ids[name]).find((id) => id !== undefined) ?? makeId()
}

/** Ports with which `signJob()` is admitted; a case replaces the one it is about. */
export function makePorts(changes: Partial<AdmissionPorts> = {}): AdmissionPorts {
  const held: HeldPlugin = { approval: signApproval(), bundle }
  return {
    self: { siteId: SITE_ID, agentId: AGENT_ID, sealingKey: sealingKeyOf(agent) },
    trust: makeTrustStore(SITE_ID, [
      makeTrustedKey('operator', operator.name, operator.signing.publicKey),
      makeTrustedKey('publisher', publisher.name, publisher.signing.publicKey),
      makeTrustedKey('publisher', otherPublisher.name, otherPublisher.signing.publicKey),
    ]),
    clock: { now: () => NOW, highest: () => NOW },
    replay: { has: () => false },
    approvals: { find: (name) => (name === 'sensors' ? held : undefined) },
    revocations: { newest: () => undefined },
    quarantine: { find: () => undefined },
    rate: { admittedSince: () => 0 },
    checkInput: checkAgainstSchema,
    agentName: 'pve1',
    policy: { decide: () => ({ allowed: true, rules: ['a case'] }) },
    standing: { isolation: () => undefined, epochMs: () => 0 },
    cancellations: { find: () => undefined },
    ...changes,
  }
}

/** A port that cannot answer. */
export function broken(): never {
  throw new Error('unreadable')
}
