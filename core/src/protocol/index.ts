// SPDX-License-Identifier: Apache-2.0
/** Wire shapes and their codecs. Pure: no clock, no randomness, no I/O. */
export { approvedJobsOf, bindingNamesOf } from './approved-jobs.ts'
export {
  BlindRoot,
  BlindRootKey,
  Concern,
  JobTypePattern,
  Policy,
  Pseudonym,
  ROOT_ROLES,
  RootKey,
  Roster,
  RosterEntry,
  SegmentIndex,
  THRESHOLD_PROFILES,
  Threshold,
  TrustRoot,
  Withdrawal,
} from './authority.ts'
export { decodeBase64url, encodeBase64url } from './base64url.ts'
export { describeIssue, documentKindOf, encodeDocument, parseDocument } from './codec.ts'
export {
  AgentDescriptor,
  Approval,
  ApprovedJob,
  AuditProof,
  Enrolment,
  Failure,
  Job,
  Pin,
  Plan,
  PlannedChange,
  PublicIdentity,
  Publication,
  QuarantineRelease,
  Result,
  Revocation,
  SessionProof,
  TERMINAL_STATES,
  documents,
} from './documents.ts'
export type { DocumentKind, Role } from './documents.ts'
export { MAX_SIGNATURES, encodeEnvelope, maxEnvelopeBytes, pae, parseEnvelope } from './envelope.ts'
export type { Envelope, EnvelopeSignature } from './envelope.ts'
export { ERRORS, ERROR_AREAS, errorEntryOf } from './errors/index.ts'
export type { ErrorCode, ErrorEntry, ErrorTable } from './errors/index.ts'
export { GUEST_RESOURCES, NODE_RESOURCES, guestsOf, nodesOf } from './guests-and-nodes.ts'
export { MAX_JSON_DEPTH, encodeJson, parseJson } from './json.ts'
export type { JsonErrorCode } from './json.ts'
export {
  Bundle,
  BundlePart,
  JobManifest,
  MAX_BUNDLE_BYTES,
  PluginManifest,
  REQUIRED_PARTS,
  encodeBundle,
  parseBundle,
  parseManifest,
} from './manifest.ts'
export { Cancellation, HubRestoration, Isolation, Schedule, ScheduleOrder } from './orders.ts'
export { BindingName, Permission, bindingsNamedBy, resourcesNamedBy } from './permission.ts'
export type { BindingKind } from './permission.ts'
export { policyInputOf, policyValuesOf } from './policy-input.ts'
export type { PlainType, PolicyInput, PolicyValue } from './policy-input.ts'
export { resourcesOf } from './resources.ts'
export type { Resources } from './resources.ts'
export {
  Bytes16,
  Bytes32,
  Digest,
  Id,
  Instant,
  JobTypeName,
  JsonObject,
  KeyId,
  Name,
  Version,
  epochMs,
  instantOf,
} from './primitives.ts'
export { REFUSALS, REFUSAL_REASONS } from './refusal.ts'
export type { Refusal, RefusalReason } from './refusal.ts'
export { compareVersions } from './version.ts'
