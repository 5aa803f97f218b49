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
export const SealedEnrolment = opaque(48 * KIB)

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

/** An agent as the hub knows it. `descriptor` is sealed to the operators. */
export const AgentView = z.strictObject({
  agentId: Id,
  signingKey: Bytes32,
  descriptor: Sealed.nullable(),
  enrolledAt: Instant,
  lastSeenAt: Instant.nullable(),
})
export type AgentView = z.infer<typeof AgentView>

/** Every error answer of the hub. Printable, because people see it in a terminal. */
export const ErrorBody = z.strictObject({
  code: z.string().regex(/^ERR_[A-Z0-9_]{1,60}$/, 'not a code'),
  message: z.string().regex(/^[\x20-\x7e]{0,1024}$/, 'not printable ASCII'),
  correlationId: z.string().regex(/^[0-9A-Za-z-]{1,64}$/, 'not a correlation id'),
})
export type ErrorBody = z.infer<typeof ErrorBody>

/** One route. `auth` says whose session it needs. */
export interface Route<Body, Answer> {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** `{name}` segments are filled from `params`. */
  readonly path: string
  readonly auth: 'none' | 'operator' | 'agent' | 'any'
  readonly maxRequestBytes: number
  readonly maxAnswerBytes: number
  /** Whether the request may wait for `maxWaitSeconds`. */
  readonly waits: boolean
  readonly body: z.ZodType<Body>
  readonly answer: z.ZodType<Answer>
}

function route<Body, Answer>(
  line: string,
  auth: Route<Body, Answer>['auth'],
  shapes: { body?: z.ZodType<Body>; answer: z.ZodType<Answer> },
  sizes: { request?: number; answer?: number; waits?: boolean } = {},
): Route<Body, Answer> {
  const [method, path] = line.split(' ') as [Route<Body, Answer>['method'], string]
  return {
    method,
    path,
    auth,
    maxRequestBytes: sizes.request ?? WIRE.maxMessageBytes,
    maxAnswerBytes: sizes.answer ?? WIRE.maxMessageBytes,
    waits: sizes.waits ?? false,
    body: shapes.body ?? (z.undefined() as unknown as z.ZodType<Body>),
    answer: shapes.answer,
  }
}

const Done = z.strictObject({})
const SEALED_MESSAGE = WIRE.maxSealedBytes + WIRE.maxMessageBytes
const RESULT_MESSAGE = WIRE.maxSealedResultBytes + WIRE.maxMessageBytes

/** All routes by the name of what they do. Query parameters are in the path's comment. */
export const routes = {
  health: route('GET /health', 'none', {
    answer: z.strictObject({ status: z.literal('ok'), version: z.string(), now: Instant }),
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
  addCode: route('POST /v1/enrolment-codes', 'operator', {
    body: z.strictObject({
      agentId: Id,
      /** SHA-256 of the redeem token. */
      redeemHash: Bytes32,
      /** Enrolment document, sealed under the code. */
      sealedEnrolment: SealedEnrolment,
      expiresAt: Instant,
    }),
    answer: Done,
  }),
  redeemCode: route('POST /v1/enrolments', 'none', {
    body: z.strictObject({
      redeemToken: Bytes32,
      signingKey: Bytes32,
      /** Ed25519 signature over `sallyport enrol v1\n<redeemToken>` by `signingKey`. */
      possession: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
    }),
    answer: z.strictObject({ agentId: Id, sealedEnrolment: SealedEnrolment }),
  }),
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
    'operator',
    {
      body: z.strictObject({ envelopeId: Id, agentId: Id, sealed: Sealed, expiresAt: Instant }),
      answer: z.strictObject({ envelopeId: Id, state: EnvelopeState, queuedAt: Instant }),
    },
    { request: SEALED_MESSAGE },
  ),
  listEnvelopes: route(
    'GET /v1/envelopes', // ?agentId&cursor&limit, newest first
    'operator',
    {
      answer: z.strictObject({
        envelopes: z.array(EnvelopeView),
        nextCursor: z.string().nullable(),
      }),
    },
    // The hub ends a page early rather than pass this.
    { answer: 16_384 * KIB },
  ),
  /** Waits while the state is `unless`. */
  showEnvelope: route(
    'GET /v1/envelopes/{envelopeId}', // ?waitSeconds&unless
    'operator',
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
