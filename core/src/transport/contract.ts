// SPDX-License-Identifier: Apache-2.0
/** The hub's HTTP interface, once: both halves, client and server, are written against these routes. */
import { z } from 'zod'
import { Bytes32, Digest, Id, Instant, KeyId } from '../protocol/primitives.ts'

const KIB = 1_024

/** Sizes and times of the wire. */
export const WIRE = {
  /** A sealed job or approval, as text. */
  maxSealedBytes: 256 * KIB,
  /** A sealed result, as text. */
  maxSealedResultBytes: 4_096 * KIB,
  /** A plugin bundle. */
  maxBundleBytes: 8_192 * KIB,
  /** Any other request or answer. */
  maxMessageBytes: 64 * KIB,
  /** The longest a poll is held. */
  maxWaitSeconds: 50,
  /** Time a delivery is reserved for the agent before it is delivered again. */
  leaseSeconds: 60,
  /** Deliveries in one answer. */
  maxDeliveries: 16,
  /** Rows of one page. */
  maxPageRows: 100,
} as const

/** Text the hub keeps without looking into it: printable ASCII, so one character is one byte in every store. */
function opaque(maxBytes: number) {
  return z
    .string()
    .min(2)
    .max(maxBytes)
    .regex(/^[\x20-\x7e]+$/, 'not printable ASCII')
}

/** Serialised JWE (General JSON). Source: RFC 7516, section 7.2.1. */
export const Sealed = opaque(WIRE.maxSealedBytes)

/** The same for a result, which may be larger. */
export const SealedResult = opaque(WIRE.maxSealedResultBytes)

/** An enrolment sealed under its code (compact JWE). Source: RFC 7516, section 7.1. */
export const SealedEnrolment = opaque(WIRE.maxSealedBytes)

/** Where an envelope stands, as far as a blind hub can know. */
export const EnvelopeState = z.enum(['queued', 'delivered', 'answered', 'expired'])
export type EnvelopeState = z.infer<typeof EnvelopeState>

/** An envelope as the hub shows it to operators. `result` is present once answered. */
export const EnvelopeView = z.strictObject({
  envelopeId: Id,
  agentId: Id,
  state: EnvelopeState,
  queuedAt: Instant,
  deliveredAt: Instant.nullable(),
  answeredAt: Instant.nullable(),
  expiresAt: Instant,
  deliveryCount: z.int(),
  sealed: Sealed,
  result: SealedResult.nullable(),
})
export type EnvelopeView = z.infer<typeof EnvelopeView>

/** One envelope on its way to an agent. */
export const Delivery = z.strictObject({ envelopeId: Id, sealed: Sealed })
export type Delivery = z.infer<typeof Delivery>

/** A signed document of the site as text: base64url of its envelope. Not secret. */
const SignedText = z.base64url().max(128 * KIB)

/** What people of a site, and agents, leave for people to find. The kind is all the hub knows of it. */
export const PostingKind = z.enum([
  'proposal',
  'signature',
  'withdrawal',
  'roster',
  'policy',
  'report',
])
export type PostingKind = z.infer<typeof PostingKind>

/** A posting. Whoever posted it is known by the session's key, or is an agent. */
export const PostingView = z.strictObject({
  postingId: Id,
  kind: PostingKind,
  /** Id of the document it belongs to. */
  about: Id.nullable(),
  /** Present for reports. */
  agentId: Id.nullable(),
  sealed: SealedResult,
  postedAt: Instant,
  expiresAt: Instant,
})
export type PostingView = z.infer<typeof PostingView>

/** A C2SP checkpoint with its signatures. */
const Note = z
  .string()
  .min(1)
  .max(4 * KIB)

/** Hashes that prove one tree to begin with another. Source: RFC 6962, section 2.1.2. */
const HashPath = z.array(Bytes32).max(64)

/** Consecutive entries of an agent's audit log: every leaf hash in clear, the entries sealed to whoever may read them. */
export const AuditSegment = z.strictObject({
  from: z.int().min(0),
  /** One for each entry, in order. */
  leafHashes: z.array(Bytes32).min(1).max(256),
  /**
   * Sealed canonical JSON: `{"entries":[{"index":…,"bytes":"<base64url>"}]}`, each part to its own readers; and for each
   * reader the signed index of what is theirs.
   */
  parts: z.array(z.strictObject({ sealed: Sealed })).max(98),
})
export type AuditSegment = z.infer<typeof AuditSegment>

/** What the hub witnessed of an agent's log: its newest head, with the hub's signature beside the agent's. */
export const WitnessedHead = z.strictObject({
  size: z.int().min(1),
  note: Note,
  witnessedAt: Instant,
})
export type WitnessedHead = z.infer<typeof WitnessedHead>

/** Two heads signed by one agent of which neither continues the other, and when the hub was shown the second. */
export const AuditFork = z.strictObject({ shown: Note, held: Note, seenAt: Instant })
export type AuditFork = z.infer<typeof AuditFork>

/** A step against invalid attempts: what happened to a key, or to an address that has a name of its own here. */
export const LimitStep = z.strictObject({
  at: Instant,
  step: z.enum([
    'backed-off',
    'penalised',
    'locked-out',
    'quarantined',
    'lifted',
    /** More of the same hour stand nowhere. */
    'uncounted',
  ]),
  of: z.enum(['key', 'source']).nullable(),
  subject: z.string().max(64).nullable(),
  /** Invalid attempts. */
  count: z.int().nullable(),
})
export type LimitStep = z.infer<typeof LimitStep>

/** The hub's own log, which has an entry for each head it witnessed and each root it took. */
export const HubHead = z.strictObject({
  /** Ed25519 key of the hub. */
  key: Bytes32,
  note: Note,
  /** From the size that was asked about to that of the note; empty when that was 0. */
  consistency: HashPath,
})
export type HubHead = z.infer<typeof HubHead>

/**
 * How an agent stands at the hub. `waiting`: an operator has yet to let it in. `twins`: two programs ran with its
 * identity, and none of them is served. `revoked`: it is never served again.
 */
export const AgentStanding = z.enum(['waiting', 'active', 'twins', 'revoked'])
export type AgentStanding = z.infer<typeof AgentStanding>

/** An agent as the hub knows it. `descriptor` is sealed to the operators. */
export const AgentView = z.strictObject({
  agentId: Id,
  signingKey: Bytes32,
  standing: AgentStanding,
  descriptor: Sealed.nullable(),
  enrolledAt: Instant,
  lastSeenAt: Instant.nullable(),
})
export type AgentView = z.infer<typeof AgentView>

/** Every error answer of the hub: what a code means, its reader knows; what else there is to say is in the hub's log. */
export const ErrorBody = z.strictObject({
  code: z.string().regex(/^ERR_[A-Z0-9_]{1,60}$/, 'not a code'),
  correlationId: z.string().regex(/^[0-9A-Za-z-]{1,64}$/, 'not a correlation id'),
})
export type ErrorBody = z.infer<typeof ErrorBody>

/** One route. `auth` says whose session it needs; a person is an operator or a customer, a holder also has a root key. */
export interface Route<Body, Answer> {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** `{name}` segments are filled from `params`. */
  readonly path: string
  readonly auth: 'none' | 'operator' | 'agent' | 'person' | 'holder' | 'any'
  readonly maxRequestBytes: number
  readonly maxAnswerBytes: number
  /** Whether the request may wait for `maxWaitSeconds`. */
  readonly waits: boolean
  /** Whether people may do it at a hub that was restored and is not confirmed yet. */
  readonly beforeConfirm: boolean
  readonly body: z.ZodType<Body>
  readonly answer: z.ZodType<Answer>
}

function route<Body, Answer>(
  line: string,
  auth: Route<Body, Answer>['auth'],
  shapes: { body?: z.ZodType<Body>; answer: z.ZodType<Answer> },
  sizes: { request?: number; answer?: number; waits?: boolean; beforeConfirm?: boolean } = {},
): Route<Body, Answer> {
  const [method, path] = line.split(' ') as [Route<Body, Answer>['method'], string]
  return {
    method,
    path,
    auth,
    maxRequestBytes: sizes.request ?? WIRE.maxMessageBytes,
    maxAnswerBytes: sizes.answer ?? WIRE.maxMessageBytes,
    waits: sizes.waits ?? false,
    beforeConfirm: sizes.beforeConfirm ?? false,
    body: shapes.body ?? (z.undefined() as unknown as z.ZodType<Body>),
    answer: shapes.answer,
  }
}

const Done = z.strictObject({})
/** Of the code that `hub restore` prints: 12 bytes, base64url. */
const ConfirmToken = z.string().regex(/^[A-Za-z0-9_-]{16}$/, 'not a token')
const SEALED_MESSAGE = WIRE.maxSealedBytes + WIRE.maxMessageBytes
const RESULT_MESSAGE = WIRE.maxSealedResultBytes + WIRE.maxMessageBytes

/** All routes by the name of what they do. Query parameters are in the path's comment. */
export const routes = {
  health: route('GET /health', 'none', {
    answer: z.strictObject({ status: z.literal('ok'), version: z.string(), now: Instant }),
  }),
  /** 503 when the hub cannot work; which of its parts do less well than they should stands in `degraded`. */
  ready: route('GET /ready', 'none', {
    answer: z.strictObject({
      status: z.enum(['ready', 'degraded']),
      degraded: z.array(z.string().regex(/^[a-z0-9_]{1,32}$/)).max(32),
    }),
  }),
  askChallenge: route('POST /v1/sessions/challenges', 'none', {
    body: z.strictObject({ keyId: KeyId }),
    answer: z.strictObject({ challenge: Bytes32, expiresAt: Instant }),
  }),
  openSession: route('POST /v1/sessions', 'none', {
    /** DSSE envelope of a session proof, as text. */
    body: z.strictObject({ proof: z.string().max(8_192) }),
    answer: z.strictObject({ token: z.string().max(4_096), expiresAt: Instant }),
  }),
  /** Ends the session of this very request; its token is dead from then on. */
  endSession: route('POST /v1/sessions/end', 'any', { body: z.strictObject({}), answer: Done }),
  addCode: route(
    'POST /v1/enrolment-codes',
    'operator',
    {
      body: z.strictObject({
        agentId: Id,
        /** SHA-256 of the redeem token. */
        redeemHash: Bytes32,
        /** Enrolment document, sealed under the code. */
        sealedEnrolment: SealedEnrolment,
        expiresAt: Instant,
        /** Whoever redeems it waits until an operator lets them in. */
        mustConfirm: z.boolean().optional(),
        /** Agents whose place it takes: their unused codes end now, they themselves when it is redeemed. */
        replaces: z.array(Id).max(64).optional(),
      }),
      answer: Done,
    },
    { request: SEALED_MESSAGE },
  ),
  redeemCode: route(
    'POST /v1/enrolments',
    'none',
    {
      body: z.strictObject({
        redeemToken: Bytes32,
        signingKey: Bytes32,
        /** Ed25519 signature over `sallyport enrol v1\n<redeemToken>` by `signingKey`. */
        possession: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
      }),
      /** 409 ERR_ENROLMENT_WAITING until an operator has let the agent in, where that is asked for. */
      answer: z.strictObject({ agentId: Id, sealedEnrolment: SealedEnrolment }),
    },
    { answer: SEALED_MESSAGE },
  ),
  describeAgent: route('PUT /v1/agents/self/descriptor', 'agent', {
    body: z.strictObject({ sealed: opaque(32 * KIB) }),
    answer: Done,
  }),
  listAgents: route(
    'GET /v1/agents', // ?cursor&limit
    'operator',
    { answer: z.strictObject({ agents: z.array(AgentView), nextCursor: z.string().nullable() }) },
    { answer: 8_192 * KIB },
  ),
  /** Lets in an agent that waits, with exactly this key. Again is acknowledged. */
  confirmAgent: route('PUT /v1/agents/{agentId}/confirmation', 'operator', {
    body: z.strictObject({ signingKey: Bytes32 }),
    answer: Done,
  }),
  /** Nobody with its key is served from now on; its polls end. Again is acknowledged. */
  revokeAgent: route('PUT /v1/agents/{agentId}/revocation', 'operator', {
    body: z.strictObject({}),
    answer: Done,
  }),
  /** Lets an agent go on that was stopped because two ran with its identity. Again is acknowledged. */
  releaseAgent: route('PUT /v1/agents/{agentId}/release', 'operator', {
    body: z.strictObject({}),
    answer: Done,
  }),
  /** Body and answer are the bundle's bytes, not JSON. */
  storeBundle: route(
    'PUT /v1/bundles/{digest}',
    'operator',
    { answer: Done },
    {
      request: WIRE.maxBundleBytes,
    },
  ),
  fetchBundle: route(
    'GET /v1/bundles/{digest}',
    'any',
    { answer: z.unknown() },
    {
      answer: WIRE.maxBundleBytes,
    },
  ),
  submitEnvelope: route(
    'POST /v1/envelopes',
    'person',
    {
      body: z.strictObject({ envelopeId: Id, agentId: Id, sealed: Sealed, expiresAt: Instant }),
      answer: z.strictObject({ envelopeId: Id, state: EnvelopeState, queuedAt: Instant }),
    },
    { request: SEALED_MESSAGE },
  ),
  listEnvelopes: route(
    'GET /v1/envelopes', // ?agentId&cursor&limit, newest first
    'person',
    {
      answer: z.strictObject({
        envelopes: z.array(EnvelopeView),
        nextCursor: z.string().nullable(),
      }),
    },
    // The hub ends a page early rather than pass this.
    { answer: 16_384 * KIB },
  ),
  /** The versions from `from` on, oldest first. */
  readTrustRoots: route(
    'GET /v1/trust-roots', // ?from
    'any',
    { answer: z.strictObject({ roots: z.array(SignedText).max(16) }) },
    { answer: 2_048 * KIB, beforeConfirm: true },
  ),
  /** The hub takes the version after its newest, signed under that; its people are those of it from then on. */
  publishTrustRoot: route(
    'PUT /v1/trust-roots/{version}',
    'holder',
    { body: z.strictObject({ root: SignedText }), answer: Done },
    { request: 160 * KIB, beforeConfirm: true },
  ),
  /** How often the hub was restored, and whether an operator has confirmed the last time. */
  readEpoch: route(
    'GET /v1/epoch',
    'holder',
    {
      answer: z.strictObject({
        epoch: z.int().min(1),
        begunAt: Instant.nullable(),
        backupAt: Instant.nullable(),
        isConfirmed: z.boolean(),
      }),
    },
    { beforeConfirm: true },
  ),
  /**
   * Brings trust roots that a restored hub lacks, by the code of the restore: the keys of today may be in none that it
   * holds. Each counts as when it is published.
   */
  catchUpRoots: route(
    'POST /v1/epoch/trust-roots',
    'none',
    {
      body: z.strictObject({ confirmToken: ConfirmToken, roots: z.array(SignedText).max(16) }),
      answer: Done,
    },
    { request: 2_048 * KIB },
  ),
  /** Opens the site again. These agents were revoked since the backup. The same again is acknowledged. */
  confirmEpoch: route(
    'POST /v1/epoch/confirmation',
    'operator',
    {
      body: z.strictObject({
        confirmToken: ConfirmToken,
        revokedAgents: z.array(Id).max(10_000),
      }),
      answer: z.strictObject({ epoch: z.int().min(2) }),
    },
    { request: 1_024 * KIB, beforeConfirm: true },
  ),
  /** The same bytes again are acknowledged, others are 409. Agents post reports only, people everything else. */
  addPosting: route(
    'PUT /v1/postings/{postingId}',
    'any',
    {
      body: z.strictObject({
        kind: PostingKind,
        about: Id.nullable(),
        sealed: SealedResult,
        expiresAt: Instant,
      }),
      answer: Done,
    },
    { request: RESULT_MESSAGE },
  ),
  listPostings: route(
    'GET /v1/postings', // ?kind&about&agentId&cursor&limit, newest first
    'person',
    {
      answer: z.strictObject({
        postings: z.array(PostingView),
        nextCursor: z.string().nullable(),
      }),
    },
    { answer: 16_384 * KIB },
  ),
  /**
   * An agent shows its head, and that it only adds to the one witnessed last (`oldSize`, 0 when there was none, and for
   * the first head of a later epoch). 409 when it does not: an answer was lost, or two logs are signed by one key. The
   * agent asks which head is held, and its own log tells.
   */
  witnessHead: route('PUT /v1/audit/heads/self', 'agent', {
    body: z.strictObject({
      note: Note,
      oldSize: z.int().min(0),
      consistency: HashPath,
      /** Size of the hub's log that the agent saw last. */
      hubSize: z.int().min(0),
    }),
    answer: z.strictObject({ head: WitnessedHead, hub: HubHead }),
  }),
  /** The newest head of this agent that the hub witnessed. */
  readOwnHead: route('GET /v1/audit/heads/self', 'agent', {
    answer: z.strictObject({ head: WitnessedHead.nullable() }),
  }),
  /** Segments follow each other without gaps, up to the witnessed head; the same again is acknowledged. */
  storeSegment: route(
    'PUT /v1/audit/segments/{from}',
    'agent',
    { body: AuditSegment, answer: z.strictObject({ size: z.int() }) },
    { request: RESULT_MESSAGE },
  ),
  /** Segments that begin at or after `from`, and the newest witnessed head; of the newest epoch unless `epoch` names one. */
  readAudit: route(
    'GET /v1/audit/agents/{agentId}', // ?from&epoch
    'person',
    {
      answer: z.strictObject({
        segments: z.array(AuditSegment),
        head: WitnessedHead.nullable(),
        nextFrom: z.int().nullable(),
        forks: z.array(AuditFork).max(16),
      }),
    },
    { answer: 16_384 * KIB },
  ),
  /** The keys that are out, the first first, and the newest steps against invalid attempts, newest first. */
  readLimits: route(
    'GET /v1/limits',
    'operator',
    {
      answer: z.strictObject({
        quarantined: z
          .array(z.strictObject({ keyId: KeyId, role: z.string().max(16), since: Instant }))
          .max(1_000),
        steps: z.array(LimitStep).max(1_000),
      }),
    },
    { answer: 512 * KIB, beforeConfirm: true },
  ),
  /** Lets a key in again, and forgets what was counted of it. */
  liftKey: route('POST /v1/limits/lifts', 'operator', {
    body: z.strictObject({ keyId: KeyId }),
    answer: z.strictObject({ wasOut: z.boolean() }),
  }),
  /** The head of the hub's log, shown to begin with that of `size`. */
  readHubHead: route('GET /v1/audit/hub', /* ?size */ 'any', { answer: HubHead }),
  /** Waits while the state is `unless`. */
  showEnvelope: route(
    'GET /v1/envelopes/{envelopeId}', // ?waitSeconds&unless
    'person',
    { answer: EnvelopeView },
    { answer: SEALED_MESSAGE + RESULT_MESSAGE, waits: true },
  ),
  /** `again`: the agent has just connected; what was delivered to it and not answered comes again at once. */
  takeDeliveries: route(
    'GET /v1/mailbox', // ?waitSeconds&again
    'agent',
    { answer: z.strictObject({ deliveries: z.array(Delivery).max(WIRE.maxDeliveries) }) },
    { answer: WIRE.maxDeliveries * SEALED_MESSAGE, waits: true },
  ),
  /** The first answer stands; the same bytes again are acknowledged, others are 409. */
  answerEnvelope: route(
    'PUT /v1/mailbox/{envelopeId}/result',
    'agent',
    { body: z.strictObject({ sealed: SealedResult }), answer: Done },
    { request: RESULT_MESSAGE },
  ),
} as const

/** Digest of a bundle in a path. */
export const BundleDigest = Digest
