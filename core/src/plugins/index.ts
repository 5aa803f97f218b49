// SPDX-License-Identifier: Apache-2.0
/** The plugin host, its sandbox and its broker. */
export type { BackOffBounds } from './crash-back-off.ts'
export { CrashBackOff } from './crash-back-off.ts'
export { checkAgainstSchema } from './input-check.ts'
export { openPluginHost } from './plugin-host.ts'
export type { PluginHostOptions, PluginLine } from './plugin-host.ts'
export type { HandleEvent, PluginHost, RunOutcome, RunRequest } from './ports.ts'
export type { PluginEvent } from './process-pool.ts'
export { PROCESS_LIMITS } from './sandbox/limits.ts'
export type { ProcessLimits } from './sandbox/limits.ts'
export { probeSandbox } from './sandbox/probe.ts'
export type { ProbeRow } from './sandbox/probe.ts'
