// SPDX-License-Identifier: Apache-2.0
/** The jobs that run now, each with its own end, so that one can be cancelled and the others go on. */
import { CodedError } from '@sallyport/sdk'

/** What ends a run from outside. */
export interface RunSignals {
  /** Aborted when the job is cancelled or the agent stops. */
  readonly signal: AbortSignal
  /** Aborted when the agent stops. */
  readonly stopping: AbortSignal
}

/** A job that runs. Dispose it when its outcome is on record. */
export type Running = RunSignals & Disposable

/** The jobs that run. */
export class RunningJobs {
  readonly #stopping: AbortSignal
  readonly #ends = new Map<string, AbortController>()

  /** `stopping` ends all of them. */
  constructor(stopping: AbortSignal) {
    this.#stopping = stopping
  }

  /** Notes that a job runs. Why in the same turn as its intent: nothing comes between the two. */
  begin(jobId: string): Running {
    const end = new AbortController()
    this.#ends.set(jobId, end)
    return {
      signal: AbortSignal.any([this.#stopping, end.signal]),
      stopping: this.#stopping,
      [Symbol.dispose]: () => void this.#ends.delete(jobId),
    }
  }

  /** Ends a job; says whether it ran. */
  cancel(jobId: string, why: string): boolean {
    const end = this.#ends.get(jobId)
    end?.abort(new CodedError('ERR_RUN_CANCELLED', `the job was cancelled: ${why}`))
    return end !== undefined
  }
}
