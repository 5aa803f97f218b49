// SPDX-License-Identifier: Apache-2.0
/** What a program can ask a hub: one typed method per route of the contract. */
import { CodedError } from '@sallyport/sdk'
import type { z } from 'zod'
import { digestOf, type SigningKey } from '../crypto/index.ts'
import { callRoute, fetchRoute, type RouteCall } from './call-route.ts'
import {
  routes,
  WIRE,
  type AuditSegment,
  type Delivery,
  type EnvelopeState,
  type PostingKind,
  type Route,
  type WitnessedHead,
} from './contract.ts'
import { openHttpClient, type HttpClient, type HttpOptions } from './http-client.ts'
import { makeSession, type ProgramInstance, type Session } from './session.ts'

/** How a hub client is opened. */
export interface HubClientOptions extends HttpOptions {
  /** Signs the sessions. Without one only `health`, `ready` and `redeemCode` can be called. */
  readonly key?: SigningKey
  readonly clock: { now(): number }
  /** The start of the program that this is; see `SessionParts`. */
  readonly instance?: ProgramInstance
}

/** Where a page begins and how many rows it has at most. */
export interface Page {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/** Which postings a list has. */
export interface PostingFilter {
  readonly kind?: PostingKind | undefined
  readonly about?: string | undefined
  readonly agentId?: string | undefined
}

/** How long a call waits for something to happen. */
export interface Wait {
  /** Seconds, at most 50. */
  readonly waitSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

type BodyOf<K extends keyof typeof routes> = z.infer<(typeof routes)[K]['body']>
type AnswerOf<K extends keyof typeof routes> = z.infer<(typeof routes)[K]['answer']>

/**
 * A hub, from outside. Every method makes one request and never tries again by itself, except once with a new session.
 *
 * Trust: answers have the contract's shape; what they say is the hub's word until a signature inside is verified.
 * Throws: every method, `TransportErrorCode`.
 */
export interface HubClient extends AsyncDisposable {
  readonly address: string
  health(): Promise<AnswerOf<'health'>>
  /** Throws: ERR_HUB_REFUSED with ERR_NOT_READY when the hub cannot work. */
  ready(): Promise<AnswerOf<'ready'>>
  /** Ends the session, if one is open. Units: milliseconds; after them the hub is not waited for. */
  endSession(patienceMs: number): Promise<void>
  addCode(code: BodyOf<'addCode'>): Promise<void>
  redeemCode(redemption: BodyOf<'redeemCode'>): Promise<AnswerOf<'redeemCode'>>
  describeAgent(sealed: string): Promise<void>
  listAgents(page?: Page): Promise<AnswerOf<'listAgents'>>
  /** Lets in an agent that waits with this key. May be repeated. */
  confirmAgent(agentId: string, signingKey: string): Promise<void>
  /** May be repeated. */
  revokeAgent(agentId: string): Promise<void>
  /** Lets an agent go on that was stopped because two ran with its identity. May be repeated. */
  releaseAgent(agentId: string): Promise<void>
  storeBundle(digest: string, bytes: Uint8Array): Promise<void>
  /** The bytes have this digest, or this throws. */
  fetchBundle(digest: string): Promise<Uint8Array>
  /** May be repeated with the same bytes: the answer is the same. */
  submitEnvelope(envelope: BodyOf<'submitEnvelope'>): Promise<AnswerOf<'submitEnvelope'>>
  listEnvelopes(page?: Page & { agentId?: string | undefined }): Promise<AnswerOf<'listEnvelopes'>>
  /** Waits while the state is `unless`. */
  showEnvelope(
    envelopeId: string,
    wait?: Wait & { unless?: EnvelopeState | undefined },
  ): Promise<AnswerOf<'showEnvelope'>>
  /** With `again`, also what was delivered before and not answered. */
  takeDeliveries(wait?: Wait & { again?: boolean | undefined }): Promise<Delivery[]>
  answerEnvelope(envelopeId: string, sealed: string): Promise<void>
  /** Signed roots as base64url, from version `from` on, oldest first; 16 at most. */
  readTrustRoots(from?: number): Promise<string[]>
  /** May be repeated with the same bytes. */
  publishTrustRoot(version: number, root: string): Promise<void>
  /** What the hub did about invalid attempts. */
  readLimits(): Promise<AnswerOf<'readLimits'>>
  /** Lets a key in again. */
  liftKey(keyId: string): Promise<AnswerOf<'liftKey'>>
  /** How often the hub was restored. */
  readEpoch(): Promise<AnswerOf<'readEpoch'>>
  /** Needs no session. */
  catchUpRoots(body: BodyOf<'catchUpRoots'>): Promise<void>
  confirmEpoch(body: BodyOf<'confirmEpoch'>): Promise<AnswerOf<'confirmEpoch'>>
  /** May be repeated with the same bytes. */
  addPosting(posting: BodyOf<'addPosting'> & { postingId: string }): Promise<void>
  listPostings(page?: Page & PostingFilter): Promise<AnswerOf<'listPostings'>>
  witnessHead(head: BodyOf<'witnessHead'>): Promise<AnswerOf<'witnessHead'>>
  readOwnHead(): Promise<WitnessedHead | null>
  /** How many entries of the log the hub holds from then on. May be repeated with the same bytes. */
  storeSegment(segment: AuditSegment): Promise<number>
  /** Of the newest epoch of the log unless another is named. */
  readAudit(agentId: string, from?: number, epoch?: number): Promise<AnswerOf<'readAudit'>>
  /** The head of the hub's log, shown to begin with that of `size`. */
  readHubHead(size?: number): Promise<AnswerOf<'readHubHead'>>
}

/** Opens a client. It connects with the first call. Throws: ERR_HUB_ADDRESS. */
export function openHubClient(options: HubClientOptions): HubClient {
  const http = openHttpClient(options)
  const { key, clock, instance } = options
  const session = key === undefined ? noSession : makeSession({ http, key, clock, instance })
  return {
    ...openRoutes(http),
    ...sessionRoutes(http, session),
    ...siteRoutes(http, session),
    ...auditRoutes(http, session),
    ...waitingRoutes(http, session),
  }
}

function openRoutes(http: HttpClient) {
  return {
    address: http.address,
    health: () => callRoute(http, routes.health),
    ready: () => callRoute(http, routes.ready),
    redeemCode: (body: BodyOf<'redeemCode'>) => callRoute(http, routes.redeemCode, { body }),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}

function sessionRoutes(http: HttpClient, session: Session) {
  const call = caller(http, session)
  return {
    endSession: (patienceMs: number) => session.end(AbortSignal.timeout(patienceMs)),
    addCode: async (body: BodyOf<'addCode'>) => void (await call(routes.addCode, { body })),
    describeAgent: async (sealed: string) =>
      void (await call(routes.describeAgent, { body: { sealed } })),
    listAgents: (page: Page = {}) => call(routes.listAgents, { query: { ...page } }),
    confirmAgent: async (agentId: string, signingKey: string) =>
      void (await call(routes.confirmAgent, { params: { agentId }, body: { signingKey } })),
    revokeAgent: async (agentId: string) =>
      void (await call(routes.revokeAgent, { params: { agentId }, body: {} })),
    releaseAgent: async (agentId: string) =>
      void (await call(routes.releaseAgent, { params: { agentId }, body: {} })),
    submitEnvelope: (body: BodyOf<'submitEnvelope'>) => call(routes.submitEnvelope, { body }),
    listEnvelopes: (page: Page & { agentId?: string | undefined } = {}) =>
      call(routes.listEnvelopes, { query: { ...page } }),
    answerEnvelope: async (envelopeId: string, sealed: string) =>
      void (await call(routes.answerEnvelope, { params: { envelopeId }, body: { sealed } })),
    storeBundle: async (digest: string, bytes: Uint8Array) =>
      void (await call(routes.storeBundle, { params: { digest }, body: bytes })),
    fetchBundle: (digest: string) => fetchBundle(http, session, digest),
  }
}

function siteRoutes(http: HttpClient, session: Session) {
  const call = caller(http, session)
  return {
    readTrustRoots: async (from = 1) =>
      (await call(routes.readTrustRoots, { query: { from } })).roots,
    publishTrustRoot: async (version: number, root: string) => {
      const params = { version: String(version) }
      await call(routes.publishTrustRoot, { params, body: { root } })
    },
    readLimits: () => call(routes.readLimits),
    liftKey: (keyId: string) => call(routes.liftKey, { body: { keyId } }),
    readEpoch: () => call(routes.readEpoch),
    catchUpRoots: async (body: BodyOf<'catchUpRoots'>) =>
      void (await callRoute(http, routes.catchUpRoots, { body })),
    confirmEpoch: (body: BodyOf<'confirmEpoch'>) => call(routes.confirmEpoch, { body }),
    addPosting: async (posting: BodyOf<'addPosting'> & { postingId: string }) => {
      const { postingId, ...body } = posting
      await call(routes.addPosting, { params: { postingId }, body })
    },
    listPostings: (page: Page & PostingFilter = {}) =>
      call(routes.listPostings, { query: { ...page } }),
  }
}

function auditRoutes(http: HttpClient, session: Session) {
  const call = caller(http, session)
  return {
    witnessHead: (body: BodyOf<'witnessHead'>) => call(routes.witnessHead, { body }),
    readOwnHead: async () => (await call(routes.readOwnHead)).head,
    storeSegment: async (body: AuditSegment) => {
      const params = { from: String(body.from) }
      return (await call(routes.storeSegment, { params, body })).size
    },
    readAudit: (agentId: string, from = 0, epoch?: number) =>
      call(routes.readAudit, { params: { agentId }, query: { from, epoch } }),
    readHubHead: (size = 0) => call(routes.readHubHead, { query: { size } }),
  }
}

function waitingRoutes(http: HttpClient, session: Session) {
  const call = caller(http, session)
  return {
    showEnvelope: (
      envelopeId: string,
      wait: Wait & { unless?: EnvelopeState | undefined } = {},
    ) => {
      const query = { waitSeconds: wait.waitSeconds, unless: wait.unless }
      return call(routes.showEnvelope, { params: { envelopeId }, query, signal: wait.signal })
    },
    takeDeliveries: async (wait: Wait & { again?: boolean | undefined } = {}) => {
      const { waitSeconds = WIRE.maxWaitSeconds, again, signal } = wait
      const query = { waitSeconds, again: again === true ? 'true' : undefined }
      return (await call(routes.takeDeliveries, { query, signal })).deliveries
    },
  }
}

function caller(http: HttpClient, session: Session) {
  return <Body, Answer>(route: Route<Body, Answer>, parts: RouteCall<Body> = {}): Promise<Answer> =>
    session.withAccess((access) => callRoute(http, route, { ...parts, access }))
}

async function fetchBundle(http: HttpClient, session: Session, digest: string) {
  const params = { digest }
  const bytes = await session.withAccess((access) =>
    fetchRoute(http, routes.fetchBundle, { params, access }),
  )
  if (digestOf(bytes) === digest) return bytes
  throw new CodedError('ERR_HUB_ANSWER_FORM', 'the bundle from the hub has another digest', {
    details: { digest },
  })
}

const noSession: Session = {
  async end() {},
  withAccess() {
    throw new TypeError('options.key is missing: this call needs a session')
  },
}
