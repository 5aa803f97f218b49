// SPDX-License-Identifier: Apache-2.0
/** The jobs that run now, each with its own end, so that one can be cancelled and the others go on. */
import { CodedError } from '@sallyport/sdk'

/** What ends a run from outside. */
export interface RunSignals {
  /** Aborted when the job is cancelled or the agent stops. */
  readonly signal: AbortSignal
  /** Aborted when the agent stops. */
  readonly stopping: AbortSignal
  /** Resolves when what could not be written, with this code, may be tried again, and when the agent stops. */
  readonly again: (code: string) => Promise<void>
}

/** A job that runs. Dispose it when its outcome is on record. */
export type Running = RunSignals & Disposable

/** The jobs that run. */
export class RunningJobs {
  readonly #stopping: AbortSignal
  readonly #onUnwritten: (jobId: string, code: string) => void
  readonly #ends = new Map<string, AbortController>()
  readonly #waiting: (() => void)[] = []

  /** `stopping` ends all of them; `onUnwritten` is told of each try to write that failed. */
  constructor(stopping: AbortSignal, onUnwritten: (jobId: string, code: string) => void) {
    this.#stopping = stopping
    this.#onUnwritten = onUnwritten
    stopping.addEventListener('abort', () => this.tryAgain(), { once: true })
  }

  /** Notes that a job runs. Why in the same turn as its intent: nothing comes between the two. */
  begin(jobId: string): Running {
    const end = new AbortController()
    this.#ends.set(jobId, end)
    return {
      signal: AbortSignal.any([this.#stopping, end.signal]),
      stopping: this.#stopping,
      again: (code) => this.#wait(jobId, code),
      [Symbol.dispose]: () => void this.#ends.delete(jobId),
    }
  }

  /** Has everyone try again who could not write. */
  tryAgain(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Ends a job; says whether it ran. */
  cancel(jobId: string, why: string): boolean {
    const end = this.#ends.get(jobId)
    end?.abort(new CodedError('ERR_RUN_CANCELLED', `the job was cancelled: ${why}`))
    return end !== undefined
  }

  #wait(jobId: string, code: string): Promise<void> {
    this.#onUnwritten(jobId, code)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
