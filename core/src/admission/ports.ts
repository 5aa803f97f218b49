// SPDX-License-Identifier: Apache-2.0
/** What admission needs to know of the world, as plain questions. Adapters live in `stores/`. */
import type { PluginManifest } from '@sallyport/sdk'
import type { Approval } from '../protocol/index.ts'

/** Which job ids this agent has ever taken. */
export interface ReplayStore {
  has(jobId: string): boolean
}

/** A valid approval and the bundle bytes this agent holds for it, still unchecked against its digest. */
export interface HeldPlugin {
  readonly approval: Approval
  readonly bundle: Uint8Array | undefined
}

/** The newest unexpired approval for a plugin, by name. */
export interface ApprovalStore {
  find(pluginName: string, nowMs: number): HeldPlugin | undefined
}

/** How often a job type was admitted since an instant. Units: epoch milliseconds. */
export interface RateStore {
  admittedSince(jobType: string, sinceMs: number): number
}

/** The wall clock and the highest time it has ever shown, which outlives restarts. Units: epoch milliseconds. */
export interface HighWaterClock {
  now(): number
  highest(): number
}

/** Whether an input fits a JSON Schema; returns what does not, as short sentences. */
export type InputCheck = (schema: Readonly<Record<string, unknown>>, input: unknown) => string[]

/** A plugin whose held bytes are the approved ones. */
export interface ApprovedPlugin {
  readonly approvalId: string
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly manifest: PluginManifest
  readonly bundle: Uint8Array
}
