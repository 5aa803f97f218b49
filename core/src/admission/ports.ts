// SPDX-License-Identifier: Apache-2.0
/** What admission needs to know of the world, as plain questions. Adapters live in `stores/`. */
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import type { Approval } from '../protocol/index.ts'

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

/** The most recently issued approval for a plugin, by name. An older one does not come back when it has ended. */
export interface ApprovalStore {
  find(pluginName: string): HeldPlugin | undefined
}

/** What of a plugin can be revoked. */
export interface RevocableParts {
  readonly plugin: string
  readonly digest: string
  readonly publisherKey: string
}

/** A revocation this agent has accepted. Units: epoch milliseconds. */
export interface HeldRevocation {
  readonly revocationId: string
  /** Which part was revoked. */
  readonly subject: keyof RevocableParts
  readonly issuedAtMs: number
  readonly why: string
}

/** Revocations, for ever. Trust: a row can only make this agent refuse, so it is not verified again. */
export interface RevocationStore {
  /** The most recently issued one of any of these parts. */
  newest(parts: RevocableParts): HeldRevocation | undefined
}

/** Why and since when a bundle is put aside. Units: epoch milliseconds. */
export interface Quarantined {
  readonly reason: string
  readonly sinceMs: number
}

/** Which bundles this agent has put aside, by digest. */
export interface QuarantineStore {
  find(digest: string): Quarantined | undefined
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

/** What a policy is asked. */
export interface PolicyRequest {
  readonly principal: {
    readonly kind: 'Operator' | 'Customer' | 'Guest' | 'Schedule'
    readonly name: string
  }
  /** `plugin/noun.verb`. */
  readonly jobType: string
  readonly job: JobManifest
  readonly input: Readonly<Record<string, unknown>>
  /** `plan` only looks. */
  readonly step: 'plan' | 'run'
  readonly signers: readonly { readonly name: string; readonly role: string }[]
  readonly nowMs: number
}

/** What a policy says, and by which of its rules. */
export type PolicyDecision =
  | { readonly allowed: true; readonly rules: readonly string[] }
  | {
      readonly allowed: false
      readonly why: 'missing' | 'broken' | 'denied'
      readonly rules: readonly string[]
      /** What could not be evaluated, as short sentences. */
      readonly errors: readonly string[]
      /** Where it was denied: `guest 101 on node pve1`. */
      readonly about?: string
    }

/** Which principal may run what where. Trust: whoever answers verified the policy from its signed bytes. */
export interface PolicyPort {
  decide(request: PolicyRequest): PolicyDecision
}

/** Whether this agent takes jobs at all. Units: epoch milliseconds. */
export interface AgentStanding {
  /** Present while an operator or the agent itself keeps it from taking jobs. */
  isolation(): { readonly why: string; readonly sinceMs: number } | undefined
  /** Jobs issued before this may have run in a memory that was lost. 0 when nothing was. */
  epochMs(): number
}

/** What was said last about taking jobs, by an operator or by the agent itself. Units: epoch milliseconds. */
export interface IsolationWord {
  readonly isIsolated: boolean
  readonly why: string
  /** By the clock of whoever said it. */
  readonly issuedAtMs: number
  /** By the clock of this host, when it was taken. */
  readonly sinceMs: number
}

/** Jobs that shall not run, for ever. */
export interface CancellationStore {
  /** What counts for a job that this key wants: the word of an operator, or of that very key. */
  find(jobId: string, requestedBy: string): { readonly why: string } | undefined
}

/** A plugin that may load: approved, published, neither revoked nor put aside, its bytes the approved ones. */
export interface ApprovedPlugin {
  readonly approvalId: string
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly publisher: Approval['publisher']
  /** The job types that may run. The manifest may have more. */
  readonly jobs: Approval['jobs']
  readonly manifest: PluginManifest
  readonly bundle: Uint8Array
}
