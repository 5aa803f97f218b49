// SPDX-License-Identifier: Apache-2.0
/** Lets a few calls through at a time and leaves behind those that take too long. */
import { CodedError } from '@sallyport/sdk'

/**
 * Bounds how many calls are under way and how long each may take, waiting included.
 *
 * Why: a call that is left behind keeps its place until it really ends, for what it holds is still held.
 */
export class Gate {
  readonly #waiting: (() => void)[] = []
  readonly #maxMs: number
  #free: number

  constructor(width: number, maxMs: number) {
    this.#free = width
    this.#maxMs = maxMs
  }

  /** Makes the call when there is room. Throws: ERR_LIMIT after the time, and what the call throws. */
  async pass<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const tooLong = new AbortController()
    const late = new CodedError('ERR_LIMIT', `the call took longer than ${this.#maxMs} ms`)
    const timer = setTimeout(() => tooLong.abort(late), this.#maxMs)
    try {
      return await unless(AbortSignal.any([signal, tooLong.signal]), (ended) =>
        this.#enter(ended, call),
      )
    } finally {
      clearTimeout(timer)
    }
  }

  async #enter<T>(ended: AbortSignal, call: () => Promise<T>): Promise<T> {
    while (this.#free === 0) await new Promise<void>((turn) => this.#waiting.push(turn))
    this.#free -= 1
    try {
      ended.throwIfAborted()
      return await call()
    } finally {
      this.#free += 1
      this.#waiting.shift()?.()
    }
  }
}

/** Settles as `work` does, or rejects with the signal's reason, whichever is first. */
function unless<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    work(signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}
