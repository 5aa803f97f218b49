// SPDX-License-Identifier: Apache-2.0
/** One valid document of each kind. */
import {
  encodeBase64url,
  type AgentDescriptor,
  type Approval,
  type Cancellation,
  type Enrolment,
  type HubRestoration,
  type Isolation,
  type Job,
  type Pin,
  type Policy,
  type Publication,
  type PublicIdentity,
  type QuarantineRelease,
  type Result,
  type Revocation,
  type Roster,
  type Schedule,
  type SegmentIndex,
  type ScheduleOrder,
  type SessionProof,
  type BlindRoot,
  type Withdrawal,
} from '@sallyport/core/protocol'

const id = (digit: string) => `01983f00-0000-7000-8000-00000000000${digit}`
const bytes32 = (byte: number) => encodeBase64url(new Uint8Array(32).fill(byte))

const siteId = id('1')
const agentId = id('2')
const readers = [bytes32(1), bytes32(2)]
const issuedAt = '2026-01-31T12:00:00.000Z'
const expiresAt = '2026-01-31T12:05:00.000Z'

export const job: Job = {
  jobId: id('3'),
  siteId,
  agentId,
  jobType: 'sensors/read',
  input: { chip: 'k10temp' },
  requestedBy: bytes32(3),
  step: 'run',
  plan: { changes: [{ op: 'note', what: 'reads one chip' }], state: { chips: 1 } },
  issuedAt,
  notBefore: issuedAt,
  expiresAt,
  readers,
}

export const result: Result = {
  resultId: id('4'),
  siteId,
  agentId,
  jobId: job.jobId,
  envelopeId: job.jobId,
  jobDigest: `sha256:${'0'.repeat(64)}`,
  jobType: job.jobType,
  state: 'done',
  output: { readings: [] },
  plugin: { name: 'sensors', version: '0.1.0', digest: `sha256:${'1'.repeat(64)}` },
  checksPassedCount: 8,
  handlesUsed: ['hwmon'],
  receivedAt: issuedAt,
  finishedAt: expiresAt,
  stepsMs: { open: 1, admit: 0.5, journal: 1, run: 20, record: 1 },
  audit: { index: 3, entry: 'e30', treeSize: 4, path: [bytes32(9)], checkpoint: 'a\n' },
  readers,
}

const plugin = { name: 'sensors', version: '0.1.0', digest: `sha256:${'1'.repeat(64)}` }

export const publication: Publication = {
  publicationId: id('7'),
  plugin,
  manifestDigest: `sha256:${'2'.repeat(64)}`,
  parts: { 'plugin.mjs': `sha256:${'3'.repeat(64)}` },
  publisher: { name: 'acme', key: bytes32(6) },
  issuedAt,
  expiresAt,
}

export const revocation: Revocation = {
  revocationId: id('8'),
  siteId,
  agentIds: [agentId],
  subject: { plugin: 'sensors' },
  why: 'it misbehaves',
  issuedAt,
  readers,
}

export const quarantineRelease: QuarantineRelease = {
  releaseId: id('9'),
  siteId,
  agentIds: [agentId],
  plugin: { name: 'sensors', digest: plugin.digest },
  issuedAt,
  expiresAt,
  readers,
}

export const pin: Pin = {
  pinId: id('a'),
  siteId,
  agentIds: [agentId],
  plugin: 'proxmox',
  binding: 'pve',
  sha256: 'ab'.repeat(32),
  issuedAt,
  expiresAt,
  readers,
}

export const approval: Approval = {
  approvalId: id('5'),
  siteId,
  agentIds: [agentId],
  plugin,
  publisher: { name: 'acme', key: bytes32(6) },
  publication: 'e30',
  jobs: { read: { effect: 'read', resources: {}, permissions: {} } },
  bindings: ['pve'],
  overrides: [],
  issuedAt,
  expiresAt,
  readers,
}

export const identity: PublicIdentity = {
  name: 'ann',
  signingKey: bytes32(3),
  sealingKey: bytes32(4),
}

export const enrolment: Enrolment = {
  enrolmentId: id('6'),
  siteId,
  agentId,
  agentName: 'pve1',
  trustRoot: 'e30',
  policy: 'e30',
  nameKey: bytes32(9),
  issuedAt,
  expiresAt,
}

export const agentDescriptor: AgentDescriptor = {
  siteId,
  agentId,
  enrolmentId: enrolment.enrolmentId,
  identity: { ...identity, name: 'pve1' },
  codeProof: bytes32(5),
  hostname: 'pve1.example',
  agentVersion: '0.1.0',
  nodeVersion: 'v26.10.0',
  issuedAt,
  readers,
}

export const sessionProof: SessionProof = {
  challenge: bytes32(6),
  hub: 'https://hub.example',
  keyId: bytes32(7),
  dpop: bytes32(8),
  instance: encodeBase64url(new Uint8Array(16).fill(9)),
  startCount: 3,
  issuedAt,
}

export const trustRoot: BlindRoot = {
  siteId,
  siteName: '0'.repeat(32),
  version: 2,
  rootThreshold: 1,
  keys: [
    {
      holder: '1'.repeat(32),
      role: 'root',
      signingKey: bytes32(10),
      sealingKey: null,
      notAfter: '2029-01-31T12:00:00.000Z',
      concerns: [],
    },
    {
      holder: '2'.repeat(32),
      role: 'customer',
      signingKey: bytes32(11),
      sealingKey: bytes32(12),
      notAfter: '2029-01-31T12:00:00.000Z',
      concerns: ['3'.repeat(32), '4'.repeat(32)],
    },
  ],
  thresholds: [
    { jobTypes: '*', effect: 'read', operators: 1, customers: 0 },
    { jobTypes: '*', effect: 'change', operators: 1, customers: 0 },
    { jobTypes: '*', effect: 'destroy', operators: 2, customers: 0 },
    { jobTypes: 'proxmox/guest.*', effect: 'destroy', operators: 2, customers: 1 },
  ],
  names: { list: 'eyJ', key: null },
  issuedAt,
  expiresAt: '2029-01-31T12:00:00.000Z',
}

export const policy: Policy = {
  siteId,
  version: 1,
  text: 'permit (principal, action, resource);',
  issuedAt,
}

const addressed = { siteId, agentIds: [agentId], readers }

export const schedule: Schedule = {
  scheduleId: id('b'),
  ...addressed,
  name: 'nightly',
  requestedBy: bytes32(3),
  cron: '30 2 * * *',
  timeZone: 'Europe/Vienna',
  jitterSeconds: 60,
  catchUp: 'once',
  jobType: 'sensors/read',
  input: {},
  issuedAt,
  notBefore: issuedAt,
  expiresAt,
}

export const scheduleOrder: ScheduleOrder = {
  orderId: id('c'),
  ...addressed,
  scheduleId: schedule.scheduleId,
  order: 'pause',
  issuedAt,
}

export const cancellation: Cancellation = {
  cancellationId: id('d'),
  ...addressed,
  jobId: job.jobId,
  why: 'wrong guest',
  issuedAt,
}

export const isolation: Isolation = {
  isolationId: id('e'),
  ...addressed,
  isIsolated: true,
  why: 'something is wrong here',
  issuedAt,
}

export const hubRestoration: HubRestoration = {
  restorationId: id('7'),
  ...addressed,
  epoch: 2,
  hubKey: bytes32(4),
  hubHead: 'sallyport/hub\n0\n',
  issuedAt,
  expiresAt,
}

export const roster: Roster = {
  rosterId: id('f'),
  siteId,
  agents: [{ agentId, name: 'pve1', signingKey: bytes32(1), sealingKey: bytes32(2) }],
  issuedAt,
  readers,
}

export const withdrawal: Withdrawal = {
  withdrawalId: id('0'),
  siteId,
  about: job.jobId,
  why: 'not wanted any more',
  issuedAt,
  readers,
}

export const segmentIndex: SegmentIndex = {
  origin: `sallyport/agent/${agentId}`,
  from: 0,
  to: 4,
  reader: bytes32(2),
  indices: [0, 3],
}

/** By the name under which `documents` holds their kinds. */
export const samples = {
  job,
  result,
  publication,
  approval,
  revocation,
  quarantineRelease,
  pin,
  schedule,
  scheduleOrder,
  cancellation,
  isolation,
  hubRestoration,
  roster,
  withdrawal,
  trustRoot,
  policy,
  segmentIndex,
  enrolment,
  agentDescriptor,
  sessionProof,
}
