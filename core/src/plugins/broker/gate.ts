// SPDX-License-Identifier: Apache-2.0
/** Lets a few calls through at a time, fewer for each plugin, and leaves behind those that take too long. */
import { CodedError } from '@sallyport/sdk'

/** Bounds of a gate. */
export interface GateBounds {
  /** Calls under way, all plugins together. */
  readonly width: number
  /** Calls under way for one plugin, so that one that gets stuck leaves room to the others. */
  readonly widthPerPlugin: number
  /** Time of one call, waiting included. */
  readonly maxMs: number
}

/**
 * Bounds how many calls are under way and how long each may take.
 *
 * Why: a call that is left behind keeps its place until it really ends, for what it holds is still held.
 */
export class Gate {
  readonly #bounds: GateBounds
  readonly #taken = new Map<string, number>()
  readonly #waiting: (() => void)[] = []
  #takenCount = 0

  constructor(bounds: GateBounds) {
    this.#bounds = bounds
  }

  /** Makes the call when there is room. Throws: ERR_LIMIT after the time, and what the call throws. */
  async pass<T>(pluginName: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const { maxMs } = this.#bounds
    const tooLong = new AbortController()
    const late = new CodedError('ERR_LIMIT', `the call took longer than ${maxMs} ms`)
    const timer = setTimeout(() => tooLong.abort(late), maxMs)
    try {
      const either = AbortSignal.any([signal, tooLong.signal])
      return await unless(either, () => this.#enter(pluginName, either, call))
    } finally {
      clearTimeout(timer)
    }
  }

  async #enter<T>(pluginName: string, ended: AbortSignal, call: () => Promise<T>): Promise<T> {
    while (!this.#hasRoom(pluginName)) {
      await new Promise<void>((turn) => this.#waiting.push(turn))
      ended.throwIfAborted()
    }
    this.#count(pluginName, 1)
    try {
      return await call()
    } finally {
      this.#count(pluginName, -1)
      for (const turn of this.#waiting.splice(0)) turn()
    }
  }

  #hasRoom(pluginName: string): boolean {
    const { width, widthPerPlugin } = this.#bounds
    return this.#takenCount < width && (this.#taken.get(pluginName) ?? 0) < widthPerPlugin
  }

  #count(pluginName: string, change: 1 | -1): void {
    this.#takenCount += change
    const taken = (this.#taken.get(pluginName) ?? 0) + change
    if (taken === 0) this.#taken.delete(pluginName)
    else this.#taken.set(pluginName, taken)
  }
}

/** Settles as `work` does, or rejects with the signal's reason, whichever is first. */
function unless<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}
