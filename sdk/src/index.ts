// SPDX-License-Identifier: Apache-2.0
/** What a plugin author imports. */
export { asDoRequest } from './as-do-request.ts'
export type { DoRequest } from './as-do-request.ts'
export { asFetch } from './as-fetch.ts'
export type { FetchAnswer, FetchLike } from './as-fetch.ts'
export { describeBounds, describePermission } from './describe.ts'
export { decideRequest } from './endpoint-request.ts'
export type { OutgoingRequest, RequestDecision, RequestFault } from './endpoint-request.ts'
export { CodedError, JobFailed, Secret, isCodedError } from './errors.ts'
export type {
  Asker,
  ByteSocket,
  Connector,
  Endpoint,
  EndpointAnswer,
  EndpointHead,
  EndpointRequest,
  FieldValue,
  FileReader,
  FileWriter,
  ProgramResult,
  ProgramRunner,
  SecretReader,
  SshAccess,
  StateStore,
} from './handles.ts'
export { bodyFault, fieldScopeFaults, flatFault } from './constraints.ts'
export type { FlatFields } from './constraints.ts'
export { DEFAULT_LIMITS, STEP_LIMITS, defineJob } from './job-type.ts'
export type {
  AnyJobType,
  Effect,
  JobSpec,
  JobType,
  Limits,
  PlanContext,
  ResumeContext,
  RunContext,
  Step,
  Verification,
  VerifyContext,
} from './job-type.ts'
export { expectLook } from './look.ts'
export { manifestOf } from './manifest.ts'
export type { JobManifest, PluginManifest } from './manifest.ts'
export { ask, connect, endpoint, exec, files, route, secret, ssh, state } from './permission.ts'
export type {
  ArgumentShape,
  AskScope,
  BoundScope,
  Constraint,
  EndpointScope,
  FieldScope,
  HandleOf,
  Handles,
  Permission,
  PermissionKind,
  PermissionKinds,
  Permissions,
  ProgramScope,
  RouteScope,
  RouteText,
  WriteScope,
} from './permission.ts'
export type { Plan, PlanOf, PlannedChange } from './plan.ts'
export { HANDLE_NAME, JOB_NAME, PLUGIN_NAME, definePlugin } from './plugin.ts'
export type { Jobs, Plugin } from './plugin.ts'
export { readStream } from './read-stream.ts'
export { resourcesOf } from './resources.ts'
export type { Resources } from './resources.ts'
export { matchRoute, normalPath, parseRoute, resourcesOfRoute, routeFor } from './route.ts'
export type { Route, RouteMatch } from './route.ts'
export type { RouteParameter, RoutePiece, RouteSegment, SegmentGrammar } from './segment.ts'
export { argumentsMatch, pathMatches } from './scope.ts'
export { sshAgent } from './ssh-agent.ts'
export type { SshAgent } from './ssh-agent.ts'
export type { InputOf, JsonSchema, OutputOf, Schema } from './schema.ts'
