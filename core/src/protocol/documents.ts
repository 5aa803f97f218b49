// SPDX-License-Identifier: Apache-2.0
/** Every kind of signed document: its payload type, its size limit and its exact shape. */
import { HANDLE_NAME, JOB_NAME, PLUGIN_NAME } from '@sallyport/sdk'
import { z } from 'zod'
import { BlindRoot, Policy, Roster, SegmentIndex, Withdrawal } from './authority.ts'
import { Readers, forAgents } from './for-agents.ts'
import { Cancellation, HubRestoration, Isolation, Schedule, ScheduleOrder } from './orders.ts'
import { BindingName, Permission } from './permission.ts'
import {
  Bytes16,
  Bytes32,
  Digest,
  Id,
  Instant,
  JobTypeName,
  JsonObject,
  KeyId,
  Name,
  PartName,
  Version,
} from './primitives.ts'
import { REFUSAL_REASONS } from './refusal.ts'

/** One line of a plan, for people. */
export const PlannedChange = z.strictObject({
  op: z.enum(['add', 'change', 'remove', 'note', 'warn']),
  what: z.string().max(512),
  from: z.string().max(512).optional(),
  to: z.string().max(512).optional(),
})
export type PlannedChange = z.infer<typeof PlannedChange>

/** What a job would do, and the state it was computed from. */
export const Plan = z.strictObject({
  changes: z.array(PlannedChange).max(128),
  state: z.json(),
})
export type Plan = z.infer<typeof Plan>

/** A request to run one job type once on one agent. Signed by an operator or a customer, and by whom its effect needs. */
export const Job = z.strictObject({
  jobId: Id,
  siteId: Id,
  agentId: Id,
  jobType: JobTypeName,
  input: JsonObject,
  /** The key of whoever wants it; it must be among the signers. */
  requestedBy: KeyId,
  /** `plan` only looks, and answers with the plan. */
  step: z.enum(['plan', 'run']),
  /** What the signers saw. The agent plans again and refuses when it comes out otherwise. */
  plan: Plan.nullable(),
  issuedAt: Instant,
  notBefore: Instant,
  expiresAt: Instant,
  /** X25519 public keys of all who may read the job and its result. */
  readers: Readers,
})
export type Job = z.infer<typeof Job>

/** Proof that an entry is in the audit log under a signed checkpoint. */
export const AuditProof = z.strictObject({
  index: z.int().min(0),
  /** The entry's exact bytes, base64url. */
  entry: z.base64url().max(16_384),
  treeSize: z.int().min(1),
  /** Sibling hashes from leaf to root. Source: RFC 6962, section 2.1.1. */
  path: z.array(Bytes32).max(64),
  /** Signed checkpoint of that tree size. Source: C2SP tlog-checkpoint, "Note text". */
  checkpoint: z.string().max(2_048),
})
export type AuditProof = z.infer<typeof AuditProof>

/** What went wrong in a run that failed. */
export const Failure = z.strictObject({
  code: z.string().max(64),
  message: z.string().max(2_048),
  details: JsonObject,
  retryable: z.boolean(),
})
export type Failure = z.infer<typeof Failure>

/** Characters of what a second look found. */
export const MAX_VERIFICATION_MESSAGE = 1_024

/** What a second look after the run found, in the plugin's own words. */
export const Verification = z.strictObject({
  verdict: z.enum(['verified', 'contradicted', 'inconclusive']),
  message: z.string().max(MAX_VERIFICATION_MESSAGE),
})
export type Verification = z.infer<typeof Verification>

/** Terminal states an agent can answer with. */
export const TERMINAL_STATES = ['done', 'failed', 'refused', 'interrupted'] as const
/** One of them. */

/** An agent's one answer to one job. Signed by the agent. */
export const Result = z.strictObject({
  resultId: Id,
  siteId: Id,
  agentId: Id,
  /** Null only when the agent could not learn the id from bytes it trusts. */
  jobId: Id.nullable(),
  /** The hub's label of the delivery this answers. Not evidence. */
  envelopeId: Id,
  /** SHA-256 of the job's signed payload bytes; null when there were none. */
  jobDigest: Digest.nullable(),
  jobType: JobTypeName.nullable(),
  state: z.enum(TERMINAL_STATES),
  /** Present when `state` is done. */
  output: z.json().optional(),
  /** Present when `state` is done and the job type looks again after its run. */
  verification: Verification.optional(),
  /** Present when `state` is failed or interrupted. */
  failure: Failure.optional(),
  /** Present when `state` is refused. */
  refusal: z.strictObject({ reason: z.enum(REFUSAL_REASONS), details: JsonObject }).optional(),
  plugin: z.strictObject({ name: z.string(), version: Version, digest: Digest }).optional(),
  /** Present when the agent ran it by itself; `jobDigest` is then that of the schedule. */
  schedule: z.strictObject({ scheduleId: Id, dueAt: Instant }).optional(),
  /** Count of admission checks that passed. */
  checksPassedCount: z.int().min(0),
  /** Names of the handles the run used. */
  handlesUsed: z.array(z.string()).max(64),
  receivedAt: Instant,
  finishedAt: Instant,
  /** Milliseconds of each step on the agent. */
  stepsMs: z.strictObject({
    open: z.number().min(0),
    admit: z.number().min(0),
    journal: z.number().min(0),
    run: z.number().min(0),
    record: z.number().min(0),
  }),
  audit: AuditProof,
  readers: Readers,
})
export type Result = z.infer<typeof Result>

/** A bundle by name, version and the SHA-256 of its bytes. */
const BundleName = z.strictObject({
  name: z.string().regex(PLUGIN_NAME),
  version: Version,
  digest: Digest,
})

/** A publisher as an approval and a publication name it. */
const Publisher = z.strictObject({ name: Name, key: Bytes32 })

/** A publisher's statement that these bytes are this plugin. Signed by the publisher, whose key it names. */
export const Publication = z.strictObject({
  publicationId: Id,
  plugin: BundleName,
  /** SHA-256 of the canonical manifest. */
  manifestDigest: Digest,
  /** SHA-256 of each part's UTF-8 bytes. */
  parts: z.record(PartName, Digest),
  publisher: Publisher,
  issuedAt: Instant,
  expiresAt: Instant,
})
export type Publication = z.infer<typeof Publication>

/** What an approval lets one job type do: exactly what the manifest says. */
export const ApprovedJob = z.strictObject({
  effect: z.enum(['read', 'change', 'destroy']),
  resources: z.record(z.string(), z.string()),
  permissions: z.record(z.string().regex(HANDLE_NAME), Permission),
})
export type ApprovedJob = z.infer<typeof ApprovedJob>

/** An operator's statement that one plugin bundle may load on these agents. */
export const Approval = z.strictObject({
  approvalId: Id,
  ...forAgents,
  plugin: BundleName,
  publisher: Publisher,
  /** DSSE envelope of the publisher's publication, base64url. */
  publication: z.base64url().max(16_384),
  /** The job types that may run, by name; others of the plugin may not. */
  jobs: z.record(z.string().regex(JOB_NAME), ApprovedJob),
  /** Names that the permissions use and each agent gives a meaning. */
  bindings: z.array(BindingName).max(64),
  /** What the operator was shown and meant, although the agent would refuse it unsaid. */
  overrides: z.array(z.enum(['lower_version', 'other_publisher'])).max(2),
  issuedAt: Instant,
  expiresAt: Instant,
})
export type Approval = z.infer<typeof Approval>

/** An operator's statement that a plugin, a bundle or a publisher may load no more. It does not expire. */
export const Revocation = z.strictObject({
  revocationId: Id,
  ...forAgents,
  /** Exactly one: every version of a plugin, one bundle, or everything by one publisher's key. */
  subject: z.union([
    z.strictObject({ plugin: z.string().regex(PLUGIN_NAME) }),
    z.strictObject({ digest: Digest }),
    z.strictObject({ publisherKey: Bytes32 }),
  ]),
  why: z.string().max(512),
  /** What was approved at or before this instant is void. */
  issuedAt: Instant,
})
export type Revocation = z.infer<typeof Revocation>

/** An operator's statement that a plugin in quarantine may start again. */
export const QuarantineRelease = z.strictObject({
  releaseId: Id,
  ...forAgents,
  plugin: z.strictObject({ name: z.string().regex(PLUGIN_NAME), digest: Digest }),
  issuedAt: Instant,
  expiresAt: Instant,
})
export type QuarantineRelease = z.infer<typeof QuarantineRelease>

/** An operator's statement that this certificate is that of the service behind a name on these agents. */
export const Pin = z.strictObject({
  pinId: Id,
  ...forAgents,
  plugin: z.string().regex(PLUGIN_NAME),
  binding: BindingName,
  /** SHA-256 of the certificate, 64 hexadecimal digits in small letters. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  issuedAt: Instant,
  expiresAt: Instant,
})
export type Pin = z.infer<typeof Pin>

/** A public identity: one key to sign, one to receive sealed data. */
export const PublicIdentity = z.strictObject({
  name: Name,
  signingKey: Bytes32,
  sealingKey: Bytes32,
})
export type PublicIdentity = z.infer<typeof PublicIdentity>

/** What an agent becomes when it redeems its code. Signed by an operator, sealed under the code. */
export const Enrolment = z.strictObject({
  enrolmentId: Id,
  siteId: Id,
  agentId: Id,
  agentName: Name,
  /** DSSE envelope of the trust root, base64url. Its fingerprint is in the code. */
  trustRoot: z.base64url().max(64 * 1_024),
  /** DSSE envelope of the policy, base64url. */
  policy: z.base64url().max(80 * 1_024),
  /** Of the site: shows the names behind the pseudonyms of its trust roots. */
  nameKey: Bytes32,
  issuedAt: Instant,
  expiresAt: Instant,
})
export type Enrolment = z.infer<typeof Enrolment>

/** An agent's own description. Signed by the agent, which proves possession; sealed to the operators. */
export const AgentDescriptor = z.strictObject({
  siteId: Id,
  agentId: Id,
  enrolmentId: Id,
  identity: PublicIdentity,
  /** HMAC-SHA-256 over the two public keys under a key only the code's holder has. */
  codeProof: Bytes32,
  hostname: z.string().max(253),
  agentVersion: Version,
  nodeVersion: z.string().max(32),
  issuedAt: Instant,
  readers: Readers,
})
export type AgentDescriptor = z.infer<typeof AgentDescriptor>

/** A signed answer to a hub's challenge. Signed by an agent or an operator; opens a session. */
export const SessionProof = z.strictObject({
  challenge: Bytes32,
  /** Base address of the hub that the signer believes it talks to. */
  hub: z.url().max(512),
  keyId: KeyId,
  /** Thumbprint of the key that proves every request of the session. Source: RFC 7638, section 3. */
  dpop: Bytes32,
  /** Random for each start of the program that opens the session. */
  instance: Bytes16,
  /** Starts of that program before this one; 0 where it keeps no count. */
  startCount: z.int().min(0),
  issuedAt: Instant,
})
export type SessionProof = z.infer<typeof SessionProof>

/** Who may sign what. */
export type Role = 'root' | 'operator' | 'publisher' | 'agent' | 'hub' | 'customer'

/** One kind of document. */
export interface DocumentKind<T> {
  readonly name: string
  readonly payloadType: string
  readonly maxBytes: number
  /** Roles whose signature this kind needs. */
  readonly roles: readonly Role[]
  readonly schema: z.ZodType<T>
}

const KIB = 1_024

function kind<T>(
  name: string,
  schema: z.ZodType<T>,
  maxBytes: number,
  ...roles: Role[]
): DocumentKind<T> {
  return { name, payloadType: `application/vnd.sallyport.${name}.v1+json`, maxBytes, roles, schema }
}

/** The document kinds by name. */
export const documents = {
  trustRoot: kind('trust-root', BlindRoot, 32 * KIB, 'root'),
  policy: kind('policy', Policy, 40 * KIB, 'root'),
  job: kind('job', Job, 112 * KIB, 'operator', 'customer'),
  result: kind('result', Result, 2_048 * KIB, 'agent'),
  publication: kind('publication', Publication, 8 * KIB, 'publisher'),
  approval: kind('approval', Approval, 112 * KIB, 'operator'),
  revocation: kind('revocation', Revocation, 64 * KIB, 'operator'),
  quarantineRelease: kind('quarantine-release', QuarantineRelease, 64 * KIB, 'operator'),
  pin: kind('pin', Pin, 64 * KIB, 'operator'),
  schedule: kind('schedule', Schedule, 64 * KIB, 'operator', 'customer'),
  scheduleOrder: kind('schedule-order', ScheduleOrder, 64 * KIB, 'operator'),
  cancellation: kind('cancellation', Cancellation, 64 * KIB, 'operator', 'customer'),
  isolation: kind('isolation', Isolation, 64 * KIB, 'operator'),
  hubRestoration: kind('hub-restoration', HubRestoration, 64 * KIB, 'operator'),
  roster: kind('roster', Roster, 96 * KIB, 'operator'),
  withdrawal: kind('withdrawal', Withdrawal, 8 * KIB, 'operator', 'customer'),
  enrolment: kind('enrolment', Enrolment, 140 * KIB, 'operator'),
  segmentIndex: kind('segment-index', SegmentIndex, 8 * KIB, 'agent'),
  agentDescriptor: kind('agent-descriptor', AgentDescriptor, 16 * KIB, 'agent'),
  sessionProof: kind(
    'session-proof',
    SessionProof,
    4 * KIB,
    'agent',
    'operator',
    'customer',
    'root',
  ),
} as const
