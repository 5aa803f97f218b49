// SPDX-License-Identifier: Apache-2.0
/** What a plugin author imports. */
export { describePermission } from './describe.ts'
export { CodedError, JobFailed, Secret, isCodedError } from './errors.ts'
export type { FileReader, ProgramResult, ProgramRunner, StateStore } from './handles.ts'
export { DEFAULT_LIMITS, defineJob } from './job-type.ts'
export type {
  AnyJobType,
  Effect,
  JobSpec,
  JobType,
  Limits,
  PlanContext,
  RunContext,
} from './job-type.ts'
export { manifestOf } from './manifest.ts'
export type { JobManifest, PluginManifest } from './manifest.ts'
export { exec, files, state } from './permission.ts'
export type {
  ArgumentShape,
  HandleOf,
  Handles,
  Permission,
  PermissionKind,
  PermissionKinds,
  Permissions,
  ProgramScope,
} from './permission.ts'
export { HANDLE_NAME, JOB_NAME, PLUGIN_NAME, definePlugin } from './plugin.ts'
export type { Jobs, Plugin } from './plugin.ts'
export { argumentsMatch, pathMatches } from './scope.ts'
export type { InputOf, JsonSchema, OutputOf, Schema } from './schema.ts'
