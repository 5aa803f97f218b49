// SPDX-License-Identifier: Apache-2.0
/** One job in a plugin's process: its steps in their order, each with handles of its own. */
import { CodedError, type JobManifest, type PluginManifest, type Step } from '@sallyport/sdk'
import { resourcesOf } from '../protocol/index.ts'
import type { BindingStore } from './bindings/binding.ts'
import { findBinding } from './bindings/find-binding.ts'
import type { HandleSetting } from './broker/contract.ts'
import { makeFailure } from './failure.ts'
import type { HandleEvent, RunOutcome, RunRequest } from './ports.ts'
import { RunHandles } from './run-handles.ts'
import { RunKeeper } from './run-keeper.ts'
import type { RunEnd } from './sandbox/active-run.ts'
import { RUN_HANDLE } from './sandbox/frames.ts'
import type { PluginProcess } from './sandbox/plugin-process.ts'
import { makeSteps, outcomeOfSteps, type StepToMake } from './steps.ts'

/** What a job runs with, besides its request. */
export interface RunSetting {
  readonly manifest: PluginManifest
  readonly stateDirectory: string
  readonly bindings: BindingStore
  onCall(event: HandleEvent): void
  onLine(text: string): void
}

/** Runs one job; never rejects. */
export async function runInProcess(
  taken: PluginProcess,
  request: RunRequest,
  setting: RunSetting,
): Promise<RunOutcome> {
  const run = new RunInProcess(taken, request, setting)
  const end = await makeSteps({
    job: run.job,
    signal: run.signal,
    isPlanOnly: request.isPlanOnly === true,
    signedPlan: request.signedPlan,
    resume: request.resume,
    make: (step) => run.make(step),
  })
  const handlesUsed = [...run.used].sort()
  if (!run.isUnrecorded) return outcomeOfSteps(end, handlesUsed)
  const message = 'the use of a handle, or what the run kept, could not be recorded'
  return { state: 'failed', failure: makeFailure('ERR_AUDIT_UNAVAILABLE', message), handlesUsed }
}

/** What the steps of one job share: its deadline, its end, and the names of the handles that were used. */
class RunInProcess {
  readonly job: JobManifest
  readonly signal: AbortSignal
  readonly used = new Set<string>()
  readonly #taken: PluginProcess
  readonly #request: RunRequest
  readonly #setting: RunSetting
  readonly #unrecorded = new AbortController()
  readonly #startedAtMs = performance.now()

  constructor(taken: PluginProcess, request: RunRequest, setting: RunSetting) {
    this.#taken = taken
    this.#request = request
    this.#setting = setting
    this.job = setting.manifest.jobs[request.jobName]!
    this.signal = AbortSignal.any([request.signal, this.#unrecorded.signal])
  }

  /** Whether something could not be recorded. Why: it must have been the last thing. */
  get isUnrecorded(): boolean {
    return this.#unrecorded.signal.aborted
  }

  /** Makes one step. Why handles of its own: what it left open ends with it, and only those of `run` do more than look. */
  async make({ step, given, maxOutputBytes }: StepToMake): Promise<RunEnd> {
    const { jobId, jobName, input, onProgress } = this.#request
    const over = new AbortController()
    const handles = this.#open(step, over.signal)
    const keeper = new RunKeeper({
      step,
      plan: given.plan,
      keep: this.#request.onKeep,
      onLost: (error) => this.#unrecorded.abort(error),
    })
    const { timeoutMs } = this.job.limits
    const bounds = { timeoutMs, startedAtMs: this.#startedAtMs, maxOutputBytes }
    const end = await this.#taken.run(
      { jobId, jobName, input, step, given, ...bounds, signal: this.signal },
      {
        call: async (call, ended) =>
          call.handle === RUN_HANDLE ? keeper.call(call) : handles.call(call, ended),
        denied: (permission, resource) => handles.deniedByWall(permission, resource),
        log: (text) => this.#setting.onLine(text),
        progress: (text) => onProgress?.(text),
      },
    )
    over.abort(new CodedError('ERR_RUN_OVER', `the step ${step} is over`))
    for (const handle of handles.used) this.used.add(handle)
    return end
  }

  #open(step: Step, over: AbortSignal): RunHandles {
    const { jobName, onHandle } = this.#request
    const { permissions } = this.job
    const type = `${this.#setting.manifest.name}/${jobName}`
    return new RunHandles({ type, permissions }, this.#settingOf(step, over), (event, call) => {
      this.#setting.onCall(event)
      try {
        onHandle?.(event, call)
      } catch (error) {
        this.#unrecorded.abort(error)
      }
    })
  }

  #settingOf(step: Step, over: AbortSignal): HandleSetting {
    const { jobId, plugin, input, ask } = this.#request
    const { stateDirectory, bindings } = this.#setting
    return {
      pluginName: plugin.name,
      jobId,
      step,
      stateDirectory,
      resources: resourcesOf(this.job, input as Readonly<Record<string, unknown>>),
      binding: (name, kind) => findBinding(bindings, plugin.name, { name, kind }),
      ask: ask ?? refuseToAsk,
      over,
    }
  }
}

function refuseToAsk(): Promise<RunOutcome> {
  throw new CodedError('ERR_HANDLE_DENIED', 'this agent takes no questions')
}
