// SPDX-License-Identifier: Apache-2.0
/** What the runner asks of the plugin host: one job in, one outcome out. */
import type { PluginManifest, Verification } from '@sallyport/sdk'
import type { Failure, Plan, Refusal } from '../protocol/index.ts'

/** One run, as the plugin host takes it. */
export interface RunRequest {
  readonly jobId: string
  readonly plugin: {
    readonly name: string
    readonly version: string
    readonly digest: string
    readonly manifest: PluginManifest
    readonly bundle: Uint8Array
  }
  readonly jobName: string
  readonly input: unknown
  readonly signal: AbortSignal
  readonly onProgress?: (message: string) => void
  readonly onHandle?: (event: HandleEvent, call: ObservedCall) => void
  /** Puts what this run asks for through admission. Without it nothing can be asked. */
  readonly ask?: AskJob
  /** Only plans; the plan is the output. */
  readonly isPlanOnly?: boolean
  /** The plan that was signed: the run goes by it, or is refused where a second plan comes out otherwise. */
  readonly signedPlan?: Plan | undefined
  /** Makes what the run keeps durable before it returns; without it nothing is. Throws: then the run is ended. */
  readonly onKeep?: (kept: KeptByRun) => void
  /** What an earlier run of this job kept: it is resumed then, and neither planned nor run. */
  readonly resume?: KeptByRun
}

/** What a run kept, and the plan it ran by; both are JSON values. */
export interface KeptByRun {
  /** Undefined when the job type has none. */
  readonly plan: unknown
  readonly value: unknown
}

/** A job that a run asks for. */
export interface AskedJob {
  readonly jobType: string
  readonly input: Readonly<Record<string, unknown>>
}

/** Admits and runs an asked job within the resources and the effect of the asking one. */
export type AskJob = (asked: AskedJob, signal: AbortSignal) => Promise<RunOutcome>

/** One use of a handle, for the audit log. */
export interface HandleEvent {
  readonly handle: string
  readonly kind: string
  readonly method: string
  readonly target: string
  readonly outcome: 'ok' | 'denied' | 'failed'
  readonly code?: string
}

/** A call of a handle as the plugin made it, for authors' tools. Never recorded: arguments may hold anything. */
export interface ObservedCall {
  readonly args: readonly unknown[]
  /** Why it was denied or failed, as the plugin was told. */
  readonly message?: string
}

/** How a run ended. */
export type RunOutcome =
  | { state: 'done'; output: unknown; verification?: Verification; handlesUsed: string[] }
  | { state: 'failed'; failure: Failure; handlesUsed: string[] }
  | { state: 'refused'; refusal: Refusal }

/** What one plugin did, all its versions together. */
export interface PluginCounts {
  readonly runs: Readonly<Record<RunOutcome['state'], number>>
  /** Ends of its process that were not wanted. */
  readonly crashCount: number
  readonly quarantineCount: number
  /** Handle calls by kind of permission (`none`: no such permission) and outcome. */
  readonly handleCalls: Readonly<Record<string, Readonly<Record<HandleEvent['outcome'], number>>>>
}

/** The counts by name of the plugin. */
export type PluginCounters = Readonly<Record<string, PluginCounts>>

/** Runs jobs in sandboxed plugins. */
export interface PluginHost extends AsyncDisposable {
  run(request: RunRequest): Promise<RunOutcome>
  /** Ends the process of a bundle with all its runs, which fail with this code; resolves when it is gone. */
  stop(digest: string, why: { readonly code: string; readonly message: string }): Promise<void>
  /** Forgets the crashes of a bundle and lets it out of quarantine, so that it may start again. */
  forgive(digest: string): void
  /** What plugins did since this host was opened. */
  counters(): PluginCounters
}
