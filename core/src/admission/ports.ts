// SPDX-License-Identifier: Apache-2.0
/** What admission needs to know of the world, as plain questions. Adapters live in `stores/`. */
import type { PluginManifest } from '@sallyport/sdk'

/** Which job ids this agent has ever taken. */
export interface ReplayStore {
  has(jobId: string): boolean
}

/** What this agent holds for a plugin. Trust: both are bytes from disk, to be verified at every use. */
export interface HeldPlugin {
  /** DSSE envelope of the approval. */
  readonly approval: Uint8Array
  readonly bundle: Uint8Array | undefined
}

/** The most recently issued, unexpired approval for a plugin, by name. */
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
