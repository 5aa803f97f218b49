// SPDX-License-Identifier: Apache-2.0
/** The plugin host, its sandbox and its broker. */
export { parseKnownHostLine, parseSshPrivateKey } from './bindings/ssh-key.ts'
export type { ParsedHostKey, ParsedSshKey } from './bindings/ssh-key.ts'
export type {
  Binding,
  BindingOf,
  BindingLock,
  BindingStore,
  DistrustedPeer,
  EndpointBinding,
  ServicePin,
  SocketAddress,
  TokenTraits,
} from './bindings/binding.ts'
export { pinText } from './bindings/pin-text.ts'
export { openBoundEndpoint } from './broker/endpoint/bound-endpoint.ts'
export type { BackOffBounds } from './crash-back-off.ts'
export { CrashBackOff } from './crash-back-off.ts'
export { checkAgainstSchema } from './input-check.ts'
export { measurePlugins, measurement } from './measure.ts'
export type { Measurement } from './measure.ts'
export { openPluginHost } from './plugin-host.ts'
export type { PluginHostOptions, PluginLine } from './plugin-host.ts'
export type {
  HandleEvent,
  KeptByRun,
  ObservedCall,
  PluginHost,
  RunOutcome,
  RunRequest,
  PluginCounters,
  PluginCounts,
} from './ports.ts'
export type { PluginEvent } from './process-pool.ts'
export { QUARANTINE } from './quarantine.ts'
export type { QuarantineBounds } from './quarantine.ts'
export { probeControlGroup } from './sandbox/cgroup/probe-group.ts'
export type { GroupReport } from './sandbox/cgroup/probe-group.ts'
export { PROCESS_LIMITS } from './sandbox/limits.ts'
export type { ProcessLimits } from './sandbox/limits.ts'
export { probeSandbox } from './sandbox/probe.ts'
export type { ProbeRow } from './sandbox/probe.ts'
