// SPDX-License-Identifier: Apache-2.0
/** Runs jobs in plugins: one process per plugin digest, started on the first job, stopped when idle. */
import { realpathSync } from 'node:fs'
import { isCodedError, type PluginManifest } from '@sallyport/sdk'
import type { Failure } from '../protocol/index.ts'
import { REFUSALS } from '../protocol/refusal.ts'
import { checkBundle } from './bundle-check.ts'
import { Counters } from './counters.ts'
import { CrashBackOff } from './crash-back-off.ts'
import { makeFailure } from './failure.ts'
import type { BindingStore } from './bindings/binding.ts'
import { bindingRefusal } from './bindings/find-binding.ts'
import type { PluginHost, RunOutcome, RunRequest, PluginCounters } from './ports.ts'
import { ProcessPool, type PluginEvent } from './process-pool.ts'
import { Quarantine, type QuarantineBounds, type QuarantineReason } from './quarantine.ts'
import { runInProcess } from './run-in-process.ts'
import { findSandbox, type Sandbox } from './sandbox/bubblewrap.ts'
import { findControlGroups, type FoundGroups } from './sandbox/cgroup/find-groups.ts'
import { PROCESS_LIMITS, type ProcessLimits } from './sandbox/limits.ts'
import type { PluginProcess, PluginToStart } from './sandbox/plugin-process.ts'

/** One line of a plugin for the agent's own log. */
export interface PluginLine {
  readonly pluginName: string
  readonly jobId?: string
  readonly text: string
}

/** How a plugin host is set up. */
export interface PluginHostOptions {
  /** The agent's state directory. Private data of plugins lies below it. */
  readonly stateDirectory: string
  /** What names in permissions stand for on this host. Unless given, nothing is bound. */
  readonly bindings?: BindingStore
  readonly limits?: Partial<ProcessLimits>
  /** Time without a run after which a plugin's process is stopped. */
  readonly idleStopMs?: number
  readonly backOff?: CrashBackOff
  /** When a plugin that keeps ending badly is put aside. Unless given, QUARANTINE. */
  readonly quarantine?: QuarantineBounds
  readonly onLine?: (line: PluginLine) => void
  /** A process was started, was stopped, or ended badly; a plugin was put into quarantine. */
  readonly onEvent?: (event: PluginEvent) => void
  /** Whether plugins get control groups, once known: with the first plugin that is started. */
  readonly onGroups?: (found: FoundGroups) => void
  /** Finds what a sandbox takes. Unless given, this host's bubblewrap. */
  readonly findSandbox?: () => Promise<Sandbox>
  /** Finds where control groups can be made. Unless given, below that of this process. */
  readonly findGroups?: () => FoundGroups
}

const IDLE_STOP_MS = 30_000

/**
 * Opens the host of sandboxed plugins. Nothing is started before the first job.
 *
 * Throws: the error of the file system when there is no state directory.
 */
export function openPluginHost(options: PluginHostOptions): PluginHost {
  return new SandboxedPluginHost(options)
}

class SandboxedPluginHost implements PluginHost {
  readonly #options: PluginHostOptions
  readonly #stateDirectory: string
  readonly #bindings: BindingStore
  readonly #backOff: CrashBackOff
  readonly #quarantine: Quarantine
  readonly #counters = new Counters()
  readonly #pool: ProcessPool

  constructor(options: PluginHostOptions) {
    this.#options = options
    this.#stateDirectory = realpathSync(options.stateDirectory)
    this.#bindings = options.bindings ?? { find: () => undefined }
    this.#backOff = options.backOff ?? new CrashBackOff()
    this.#quarantine = new Quarantine(options.quarantine)
    this.#pool = new ProcessPool({
      limits: { ...PROCESS_LIMITS, ...options.limits },
      idleStopMs: options.idleStopMs ?? IDLE_STOP_MS,
      findSandbox: options.findSandbox ?? findSandbox,
      findGroups: () => this.#findGroups(),
      onEvent: (event) => this.#onEvent(event),
    })
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    const outcome = await this.#run(request)
    this.#counters.ran(request.plugin.name, outcome.state)
    return outcome
  }

  async #run(request: RunRequest): Promise<RunOutcome> {
    const quarantined = this.#quarantine.reason(request.plugin.digest)
    if (quarantined !== undefined) return refusedAsQuarantined(quarantined)
    const check = checkBundle(request.plugin, this.#pool.find(request.plugin.digest))
    if (!check.ok) return { state: 'refused', refusal: check.refusal }
    const { jobs } = check.plugin.manifest
    if (!Object.hasOwn(jobs, request.jobName)) {
      const details = { jobTypes: Object.keys(jobs).slice(0, 32) }
      return { state: 'refused', refusal: { reason: 'unknown_job_type', details } }
    }
    const waitMs = this.#backOff.waitMs(request.plugin.digest, performance.now())
    if (waitMs > 0) return backingOff(waitMs)
    const refusal = bindingRefusal(request.plugin.name, jobs[request.jobName]!, this.#bindings)
    if (refusal !== undefined) return { state: 'refused', refusal }
    if (request.signal.aborted)
      return failed(makeFailure('ERR_RUN_CANCELLED', 'the run was cancelled'))
    return this.#start(request, check.plugin)
  }

  stop(digest: string, why: { readonly code: string; readonly message: string }): Promise<void> {
    return this.#pool.end(digest, why)
  }

  forgive(digest: string): void {
    this.#backOff.recovered(digest)
    this.#quarantine.release(digest)
  }

  counters(): PluginCounters {
    return this.#counters.all()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.close()
  }

  async #start(request: RunRequest, plugin: PluginToStart): Promise<RunOutcome> {
    const { digest } = request.plugin
    let taken: PluginProcess
    try {
      taken = await this.#pool.take(digest, plugin)
    } catch (error) {
      return outcomeOfStart(error)
    }
    const outcome = await this.#runIn(taken, request, plugin.manifest)
    if (taken.isUsable) this.#backOff.recovered(digest)
    return outcome
  }

  #runIn(taken: PluginProcess, request: RunRequest, manifest: PluginManifest): Promise<RunOutcome> {
    return runInProcess(taken, request, {
      manifest,
      stateDirectory: this.#stateDirectory,
      bindings: this.#bindings,
      onCall: (event) => this.#counters.called(manifest.name, event),
      onLine: (text) => {
        const { jobId } = request
        this.#options.onLine?.({ pluginName: manifest.name, jobId, text })
      },
    })
  }

  #findGroups(): FoundGroups {
    const found = (this.#options.findGroups ?? findControlGroups)()
    this.#options.onGroups?.(found)
    return found
  }

  #onEvent(event: PluginEvent): void {
    for (const text of event.stderr.split('\n').filter((line) => line.trim() !== '')) {
      this.#options.onLine?.({ pluginName: event.pluginName, text })
    }
    this.#options.onEvent?.(event)
    if (event.event === 'plugin.crashed') this.#onCrash(event)
  }

  #onCrash(event: PluginEvent): void {
    this.#counters.crashed(event.pluginName)
    const nowMs = performance.now()
    this.#backOff.crashed(event.digest, nowMs)
    const reason = this.#quarantine.crashed(event.digest, event, nowMs)
    if (reason === undefined) return
    this.#counters.quarantined(event.pluginName)
    const message = `it ended badly ${reason.crashCount} times within a short time, at last so: ${reason.message}`
    this.#options.onEvent?.({ ...event, event: 'plugin.quarantined', message, stderr: '' })
  }
}

function refusedAsQuarantined({ code, message, crashCount }: QuarantineReason): RunOutcome {
  const { remedy } = REFUSALS.quarantined
  const details = { code, message: message.slice(0, 512), crashCount, remedy }
  return { state: 'refused', refusal: { reason: 'quarantined', details } }
}

function backingOff(waitMs: number): RunOutcome {
  const message = `the plugin ended badly several times in a row; it is started again in ${waitMs} ms`
  return failed(
    makeFailure('ERR_PLUGIN_BACKOFF', message, { details: { waitMs }, retryable: true }),
  )
}

function outcomeOfStart(error: unknown): RunOutcome {
  if (!isCodedError(error) || !error.code.startsWith('ERR_')) {
    return failed(makeFailure('ERR_PLUGIN_START', 'the process could not be started'))
  }
  if (error.code !== 'ERR_SANDBOX_UNAVAILABLE')
    return failed(makeFailure(error.code, error.message))
  const { remedy } = REFUSALS.sandbox_unavailable
  const details = { why: error.message.slice(0, 512), remedy }
  return { state: 'refused', refusal: { reason: 'sandbox_unavailable', details } }
}

function failed(failure: Failure): RunOutcome {
  return { state: 'failed', failure, handlesUsed: [] }
}
