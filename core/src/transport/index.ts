// SPDX-License-Identifier: Apache-2.0
/** The wire between hub, agents and operators: the contract and its client half. */
export { isLoopback, parseHubAddress } from './address.ts'
export { DEFAULT_BACK_OFF, makeBackOff } from './back-off.ts'
export type { BackOff, BackOffLimits } from './back-off.ts'
export {
  AgentStanding,
  AgentView,
  AuditFork,
  AuditSegment,
  BundleDigest,
  Delivery,
  EnvelopeState,
  EnvelopeView,
  ErrorBody,
  HubHead,
  LimitStep,
  PostingKind,
  PostingView,
  Sealed,
  SealedEnrolment,
  SealedResult,
  WitnessedHead,
  WIRE,
  routes,
} from './contract.ts'
export type { Route } from './contract.ts'
export { hubRefusalOf, isPassing, retryAfterMsOf } from './faults.ts'
export type { HubRefusal, TransportErrorCode } from './faults.ts'
export { openHubClient } from './hub-client.ts'
export type { HubClient, HubClientOptions, Page, PostingFilter, Wait } from './hub-client.ts'
export { openHttpClient } from './http-client.ts'
export type { HttpAnswer, HttpClient, HttpOptions, HttpRequest } from './http-client.ts'
export { runPollLoop } from './poll-loop.ts'
export type { PollLoopParts, PollTiming } from './poll-loop.ts'
export { makeSession } from './session.ts'
export { isStop } from './stop-gate.ts'
export type { ProgramInstance, Session } from './session.ts'
export { MAX_SITE_FILE_BYTES, SiteFile, encodeSiteFile, parseSiteFile } from './site-file.ts'
